-- SPDX-License-Identifier: Apache-2.0
-- Servers as an agent would have left them: running, with an address.
with net as (
	select n.id as network_id, s.id as subnet_id
	from compute.networks n
	join compute.subnets s on s.network_id = n.id
	order by n.created_at limit 1
), made as (
	insert into compute.servers (project_id, user_id, name, hostname,
		image_id, flavor_id, flavor, vcpus, ram, disk, vm_state,
		task_state, power_state, reservation_id, request_id,
		launched_at)
	select :project, :user, 'bench-' || i, 'bench-' || i,
		gen_random_uuid(), f.id, to_jsonb(f), f.vcpus, f.ram, f.disk,
		'active', null, 1, 'r-bench', 'req-bench', now()
	from generate_series(1, :number) i,
		(select * from compute.flavors order by id limit 1) f
	returning id, num
)
insert into compute.ports (network_id, subnet_id, project_id, server_id, mac)
select network_id, subnet_id, :project, id,
	('fa:16:3e:' || regexp_replace(lpad(to_hex(num), 6, '0'),
		'(..)(..)(..)', '\1:\2:\3'))::macaddr
from made, net;
