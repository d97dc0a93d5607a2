-- The host that has to end the server, or null.
select @host
from compute.server_delete($1::uuid, $2::text, $3::jsonb) host
