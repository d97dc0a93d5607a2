-- The OS images that nothing on the host $1 has used for $2 seconds: they are
-- no longer the host's.
select c::text as image_id
from compute.image_host_collect($1, $2::int) c
