-- The server of a job.
select @server
from compute.servers s
where s.id = $1::uuid
