-- An aggregate without hosts.
insert into compute.aggregates as a (name, metadata)
values ($1::text, jsonb_strip_nulls(
	jsonb_build_object('availability_zone', $2::text)))
returning @aggregate
