-- Only an aggregate without hosts goes.
delete from compute.aggregates a
where a.id = $1::bigint and (a.hosts = '{}' or compute.refuse(400, format(
	'Cannot remove host from aggregate %s. Reason: Host aggregate is '
	'not empty.', a.id)) is null)
