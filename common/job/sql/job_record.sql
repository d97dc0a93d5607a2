-- Records the step that is to be taken or undone next; says whether a job
-- that preempts waits behind this one.
update lite.jobs j
set step = $2, undoing = $3::bool, error = coalesce($4, j.error)
where j.id = $1::bigint
returning exists (
	select from lite.jobs n
	where n.subject = j.subject and n.id > j.id
	and n.kind = any ($5::text[])) as cancelled
