-- One host less.
update compute.aggregates a set hosts = compute.aggregate_remove(a, $2::text)
where a.id = $1::bigint
returning @aggregate
