-- The document that a server's metadata tree is made of (tree.h): of the
-- server with the id $1 (of the project $2, unless null), or of the one whose
-- port has the address $3 on the bridge $4. $5 is the domain of host names.
select jsonb_build_object(
	'id', s.id,
	'num', s.num,
	'project_id', s.project_id,
	'name', s.name,
	'hostname', s.hostname || case when $5 = '' then '' else '.' || $5 end,
	'launch_index', s.launch_index,
	'reservation_id', s.reservation_id,
	'zone', coalesce(h.zone, s.zone),
	'flavor', s.flavor ->> 'name',
	'image_id', s.image_id,
	'kernel_id', s.image_props ->> 'kernel_id',
	'ramdisk_id', s.image_props ->> 'ramdisk_id',
	'root_device', compute.disk_device(s, 0),
	'ephemeral_device', case when s.ephemeral > 0
		then compute.disk_device(s, 1) end,
	'swap_device', case when s.swap > 0
		then compute.disk_device(s, 1 + (s.ephemeral > 0)::int) end,
	'key_name', s.key_name,
	'key_type', s.key_type,
	'public_key', s.public_key,
	'metadata', s.metadata,
	'user_data', s.user_data,
	'password', s.password,
	'security_groups', s.security_groups,
	'dns', (
		select coalesce(jsonb_agg(distinct host(d)), '[]')
		from compute.ports p
		join compute.subnets t on t.id = p.subnet_id
		cross join unnest(t.dns) d
		where p.server_id = s.id),
	'nics', (
		select coalesce(jsonb_agg(jsonb_build_object(
			'port_id', p.id,
			'network_id', p.network_id,
			'mac', p.mac,
			'ip', host(p.ip),
			'mtu', n.mtu,
			'link_type', case n.kind when 'bridge' then 'bridge'
				else 'tap' end)
			order by p.nic), '[]')
		from compute.ports p
		join compute.networks n on n.id = p.network_id
		where p.server_id = s.id)
	)::text as doc
from compute.server_asking($1::uuid, $2::text, $3::inet, $4::text) a
join compute.servers s on s.id = a
left join compute.hosts h on h.name = s.host
