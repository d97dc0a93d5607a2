-- Changes what an owner may change; a null parameter leaves it.
with s as (
	update compute.servers set name = coalesce($3::text, name),
		description = case when $4::boolean then $5::text
			else description end,
		access_ip_v4 = case when $6::boolean then $7::text::inet
			else access_ip_v4 end,
		access_ip_v6 = case when $8::boolean then $9::text::inet
			else access_ip_v6 end,
		disk_config = coalesce($10::text, disk_config),
		hostname = coalesce($11::text, hostname), updated_at = now()
	where id = $1::uuid and deleted_at is null
		and ($2::text is null or project_id = $2)
	returning *
)
select @server
from s left join compute.hosts h on h.name = s.host
