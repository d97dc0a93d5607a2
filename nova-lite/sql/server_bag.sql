-- What hangs on a server by name ($3): metadata, tags, networks.
select @bag
from compute.servers s
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
