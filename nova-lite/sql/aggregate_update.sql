-- A new name, and members of the metadata; null takes one away.
update compute.aggregates a set updated_at = now(),
	name = coalesce($2::text, name),
	metadata = jsonb_strip_nulls(metadata || $3::jsonb)
where a.id = $1::bigint
returning @aggregate
