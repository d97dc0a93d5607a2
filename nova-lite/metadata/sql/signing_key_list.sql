-- The keys in use, the newest first.
select k.kid, k.x, k.sealed
from compute.signing_keys_used() k
