-- Who asks is found as in server_metadata.sql; $5 is the password. A server
-- that has one keeps it: the row says which it is.
with s as (
	select id, password
	from compute.servers
	where deleted_at is null
	and ((id = $1::uuid and ($2::text is null or project_id = $2))
		or id = (
			select p.server_id
			from compute.ports p
			join compute.networks n on n.id = p.network_id
			where p.ip = $3::inet and n.kind = 'bridge'
			and coalesce(n.bridge, 'lite' || left(n.id::text, 8))
				= $4))
	for update
), written as (
	update compute.servers t
	set password = $5
	from s
	where t.id = s.id and s.password is null
)
select s.password is null as was_free
from s
