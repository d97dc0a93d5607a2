-- A server that the caller ($2: its project, null: any) may see.
-- @multiget
select @server
from compute.servers s
left join compute.hosts h on h.name = s.host
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
