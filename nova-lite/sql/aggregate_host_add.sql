-- One more host; see compute.aggregate_add.
update compute.aggregates a set hosts = compute.aggregate_add(a, $2::text)
where a.id = $1::bigint
returning @aggregate
