-- The servers of the host whose ready signal is waited for.
select t.server_id::text as server
from compute.os_starts t
join compute.servers s on s.id = t.server_id
where s.host = $1 and s.deleted_at is null
