-- The server that asks ($1 to $4: see catalog/0016_first_boot.sql) is ready,
-- if $5 is the token of its start.
select compute.os_image_ready(a.id, $5) as taken
from compute.server_asking($1::uuid, $2::text, $3::inet, $4::text) a (id)
