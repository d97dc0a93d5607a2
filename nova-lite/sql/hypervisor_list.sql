-- Hosts with what their servers take; one by number, uuid, name pattern.
select @hypervisor
from compute.hosts h cross join lateral (
	select coalesce(sum(s.vcpus), 0)::bigint as vcpus,
		coalesce(sum(s.ram), 0)::bigint as ram,
		coalesce(sum(s.disk + s.ephemeral), 0)::bigint as gb,
		count(*) as n, count(s.task_state) as busy,
		case when $4::boolean then jsonb_agg(jsonb_build_object(
			'name', 'instance-' || lpad(to_hex(s.num), 8, '0'),
			'uuid', s.id) order by s.num) end as servers
	from compute.servers s
	where s.host = h.name and s.deleted_at is null) u
where ($1::bigint is null or h.id = $1)
	and ($2::text is null or h.uuid::text = $2)
	and ($3::text is null or position($3 in h.hypervisor_hostname) > 0)
order by h.id
