-- A key pair of a user; servers keep their copy.
delete from compute.keypairs where user_id = $1::text and name = $2::text
