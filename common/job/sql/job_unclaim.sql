-- A job that could not be started.
update lite.jobs
set claimed_by = null, claimed_at = null
where id = $1::bigint
