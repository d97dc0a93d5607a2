-- In the transaction of the outcome.
delete from lite.jobs
where id = $1::bigint
