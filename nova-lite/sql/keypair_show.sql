-- A key pair of a user.
select @keypair
from compute.keypairs k
where k.user_id = $1::text and k.name = $2::text
