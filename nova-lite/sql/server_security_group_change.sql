-- Adds ($4) or removes a security group, by name or id; held: it was there.
with s as (
	select * from compute.servers
	where id = $1::uuid and deleted_at is null
		and ($2::text is null or project_id = $2) for update
), g as (
	select g.* from compute.security_groups g
	join s on s.project_id = g.project_id
	where $3::text in (g.name, g.id::text)
), u as (
	update compute.servers v set updated_at = now(),
		security_groups = case when $4::boolean
			then s.security_groups || g.name
			else array_remove(s.security_groups, g.name) end
	from s, g
	where v.id = s.id and (g.name = any (s.security_groups)) <> $4
)
select @membership
from s left join g on true
