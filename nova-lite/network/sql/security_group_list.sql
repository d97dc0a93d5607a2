-- Security groups of the project ($1; null: any). The default one of the
-- asking project ($2, null: has none) comes to be when it is first asked for.
with made as (
	insert into compute.security_groups (project_id)
	select $2::text where $2 is not null
	on conflict do nothing
	returning *
)
select @security_group
from (select * from compute.security_groups
	union all select * from made) g
where ($1::text is null or g.project_id = $1)
	and ($3::text[] is null or g.id::text = any ($3))
	and ($4::text[] is null or g.name = any ($4))
	and ($5::text[] is null or g.project_id = any ($5))
	and ($6::text is null or g.id::text > $6)
order by g.id::text
limit $7::bigint
