-- The host that has to change the server's power state.
select @host
from compute.server_command($1::uuid, $2::text, $3::text, $4::text[],
	$5::text[], $6::text, $7::jsonb, $8::jsonb) host
