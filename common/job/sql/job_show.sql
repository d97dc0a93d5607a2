-- The record of a job, to go on from.
select @job
from lite.jobs j
where j.id = $1::bigint
