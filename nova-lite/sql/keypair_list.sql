-- A user's key pairs behind a marker, by name.
select @keypair
from compute.keypairs k
where k.user_id = $1::text
	and ($2::text is null or k.name > (select
		coalesce(max(m.name), compute.refuse(400,
			format('marker [%s] not found', $2)))
		from compute.keypairs m where m.user_id = $1 and m.name = $2))
order by k.name
limit $3::bigint
