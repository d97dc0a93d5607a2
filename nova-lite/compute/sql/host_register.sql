-- What this host has. Nothing that an administrator set is changed.
insert into compute.hosts (name, zone, heartbeat, hypervisor_hostname,
	hypervisor_type, hypervisor_version, host_ip, agent_url, agent_secret,
	cpu_info, vcpus, memory_mb, local_gb, cpu_ratio, ram_ratio, disk_ratio)
values ($1, $2, now(), $1, $3, $4::int, $5, $6, $7, $8::jsonb, $9::int,
	$10::int, $11::int, $12::text::float8, $13::text::float8,
	$14::text::float8)
on conflict (name) do update
set zone = excluded.zone, heartbeat = excluded.heartbeat,
	hypervisor_type = excluded.hypervisor_type,
	hypervisor_version = excluded.hypervisor_version,
	host_ip = excluded.host_ip, agent_url = excluded.agent_url,
	agent_secret = excluded.agent_secret, cpu_info = excluded.cpu_info,
	vcpus = excluded.vcpus, memory_mb = excluded.memory_mb,
	local_gb = excluded.local_gb, cpu_ratio = excluded.cpu_ratio,
	ram_ratio = excluded.ram_ratio, disk_ratio = excluded.disk_ratio
