-- A new flavor; without an id it gets one.
insert into compute.flavors as f (id, name, ram, disk, vcpus, ephemeral, swap,
	rxtx_factor, is_public, description)
values (coalesce($1::text, gen_random_uuid()::text), $2::text, $3::bigint,
	$4::bigint, $5::bigint, $6::bigint, $7::bigint,
	$8::text::double precision, $9::boolean, $10::text)
returning @flavor
