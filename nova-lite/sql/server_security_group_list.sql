-- The security groups of a server's ports.
select @security_group
from compute.servers s
left join compute.security_groups g on g.project_id = s.project_id
	and g.name = any (s.security_groups)
	and exists (select from compute.ports p where p.server_id = s.id)
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
order by g.name
