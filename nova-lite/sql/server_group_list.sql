-- Server groups of a project ($1; null: all), or the one that $2 names.
select @server_group
from compute.server_groups g
where ($1::text is null or g.project_id = $1)
	and ($2::uuid is null or g.id = $2)
order by g.created_at, g.id
limit $3::bigint offset $4::bigint
