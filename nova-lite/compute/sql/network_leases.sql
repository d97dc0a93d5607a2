-- The addresses on a network of the servers of host $2.
select @lease
from compute.ports p
join compute.servers s on s.id = p.server_id
where p.network_id = $1::uuid and s.host = $2 and s.deleted_at is null
	and p.ip is not null
