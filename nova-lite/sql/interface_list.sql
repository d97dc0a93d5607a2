-- The ports of a server, or one of them; a row at least for one that is there.
select @interface
from compute.servers s
left join compute.ports p on p.server_id = s.id
	and ($3::text is null or p.id::text = $3)
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
order by p.nic
