-- A key pair within the quota of its user ($6: the project).
insert into compute.keypairs as k (user_id, name, type, public_key,
	fingerprint)
select $1::text, $2::text, $3::text, $4::text, $5::text
where compute.keypair_fits($1, $6::text)
returning @keypair
