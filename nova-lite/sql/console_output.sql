-- Who has the console log of a server.
select @console
from compute.servers s
left join compute.hosts h on h.name = s.host
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
