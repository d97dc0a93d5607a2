-- Everything that is sealed: for whom, and where it stands.
select 'pool/' || kind || '/' || id as purpose, 'key_pool' as place,
	id::text as key, sealed
from compute.key_pool
union all
select 'signing_key', 'signing_keys', kid, sealed
from compute.signing_keys
union all
select 'authority', 'authorities', name, sealed
from compute.authorities
