-- Security groups of a project, or one of them. The default one comes to be
-- when it is first asked for.
with made as (
	insert into compute.security_groups (project_id) values ($1::text)
	on conflict do nothing
	returning *
)
select @security_group
from (select * from compute.security_groups
	union all select * from made) g
where g.project_id = $1 and ($2::text is null or g.id::text = $2)
order by g.name
