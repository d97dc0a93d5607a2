-- SPDX-License-Identifier: Apache-2.0
-- The rules of compute that need the database's word: quota, placement,
-- addresses, state. errcode 'LTnnn' is the HTTP status to answer with.

-- For use in an expression: refuses the request.
create function compute.refuse(p_status int, p_message text) returns text
language plpgsql as $$
begin
	raise exception using errcode = 'LT' || p_status, message = p_message;
end
$$;

create function compute.flavor_sort(f compute.flavors, p_key text) returns text
language sql stable as $$
	select case p_key when 'name' then f.name
		when 'memory_mb' then lpad(f.ram::text, 10, '0')
		when 'vcpus' then lpad(f.vcpus::text, 10, '0')
		when 'root_gb' then lpad(f.disk::text, 10, '0')
		when 'ephemeral_gb' then lpad(f.ephemeral::text, 10, '0')
		when 'swap' then lpad(f.swap::text, 10, '0')
		else f.id end
$$;

-- A flavor that others than administrators may use.
create function compute.flavor_open(f compute.flavors, p_project text)
	returns boolean
language sql stable as $$
	select not f.disabled and (f.is_public or exists (
		select from compute.flavor_access a
		where a.flavor_id = f.id and a.project_id = p_project))
$$;

-- servers.addresses: {network name: [{version, addr, type, mac} ...]}
create function compute.addresses_of(p_server uuid) returns jsonb
language sql stable as $$
	select coalesce(jsonb_object_agg(a.name, a.list), '{}')
	from (select n.name, jsonb_agg(jsonb_build_object(
			'version', family(p.ip), 'addr', host(p.ip),
			'OS-EXT-IPS:type', 'fixed',
			'OS-EXT-IPS-MAC:mac_addr', p.mac::text)
			order by p.nic) as list
		from compute.ports p
		join compute.networks n on n.id = p.network_id
		where p.server_id = p_server and p.ip is not null
		group by n.name) a
$$;

create function compute.ports_changed() returns trigger
language plpgsql as $$
begin
	update compute.servers s set addresses = compute.addresses_of(s.id)
	where s.id in (old.server_id, new.server_id);
	return null;
end
$$;
create trigger ports_changed after insert or update or delete
	on compute.ports for each row execute function compute.ports_changed();

create function compute.quota(p_project text, p_resource text) returns int
language sql stable as $$
	select hard_limit from compute.quotas
	where resource = p_resource and project_id in (p_project, '')
	order by project_id desc limit 1
$$;

-- True, or 403: one more key pair for the user.
create function compute.keypair_fits(p_user text, p_project text)
	returns boolean
language plpgsql as $$
declare
	most int := compute.quota(p_project, 'key_pairs');
begin
	perform pg_advisory_xact_lock(hashtext('compute.keypairs'),
		hashtext(p_user));
	if most >= 0 and most <= (select count(*) from compute.keypairs
			where user_id = p_user) then
		perform compute.refuse(403,
			'Quota exceeded, too many key pairs.');
	end if;
	return true;
end
$$;

-- True, or 403: one more server group for the project.
create function compute.server_group_fits(p_project text) returns boolean
language plpgsql as $$
declare
	most int := compute.quota(p_project, 'server_groups');
begin
	perform pg_advisory_xact_lock(hashtext('compute.quota'),
		hashtext(p_project));
	if most >= 0 and most <= (select count(*) from compute.server_groups
			where project_id = p_project) then
		perform compute.refuse(403,
			'Quota exceeded, too many server groups.');
	end if;
	return true;
end
$$;

-- The metadata itself, or 403 when a server may not have so much.
create function compute.metadata_fit(p_project text, p_metadata jsonb)
	returns jsonb
language plpgsql as $$
declare
	most int := compute.quota(p_project, 'metadata_items');
begin
	if most >= 0 and most <
		(select count(*) from jsonb_object_keys(p_metadata)) then
		perform compute.refuse(403, format(
			'Maximum number of metadata items exceeds %s', most));
	end if;
	return p_metadata;
end
$$;

-- A project's new limit for a resource, or 400 when more is in use.
create function compute.quota_allowed(p_project text, p_resource text,
	p_limit int, p_force boolean) returns int
language plpgsql as $$
declare
	used bigint;
begin
	select case p_resource when 'instances' then count(*)
			when 'cores' then sum(vcpus)
			when 'ram' then sum(ram) end into used
	from compute.servers
	where project_id = p_project and deleted_at is null;
	if not p_force and p_limit >= 0 and p_limit < used then
		perform compute.refuse(400, format('Quota limit %s for %s '
			'must be greater than or equal to already used and '
			'reserved %s.', p_limit, p_resource, used));
	end if;
	return p_limit;
end
$$;

-- How many of `most` equal servers the project may still have; 403 when that
-- is less than `least`. Other creates of the project wait for this one's end.
create function compute.quota_fit(p_project text, p_vcpus int, p_ram int,
	p_least int, p_most int) returns int
language plpgsql as $$
declare
	q record;
begin
	perform pg_advisory_xact_lock(hashtext('compute.quota'),
		hashtext(p_project));
	with used as (
		select count(*) as n, coalesce(sum(vcpus), 0) as vcpus,
			coalesce(sum(ram), 0) as ram
		from compute.servers
		where project_id = p_project and deleted_at is null
	), r as (
		select r.*, compute.quota(p_project, r.name) as hard
		from used u cross join lateral (values
			('instances', u.n, 1), ('cores', u.vcpus, p_vcpus),
			('ram', u.ram, p_ram)) r (name, used, each)
	), o as (
		select name, used, hard, each * p_most as asked,
			floor((hard - used)::numeric / each) as fit
		from r where hard >= 0
	)
	select min(fit) as fit,
		string_agg(name, ', ' order by name) as names,
		string_agg(asked::text, ', ' order by name) as asked,
		string_agg(used::text, ', ' order by name) as used,
		string_agg(hard::text, ', ' order by name) as hard
	into q from o where fit < p_most;
	if q.fit < p_least then
		raise exception using errcode = 'LT403', message = format(
			'Quota exceeded for %s: Requested %s, but already used '
			'%s of %s %s', q.names, q.asked, q.used, q.hard,
			q.names);
	end if;
	return coalesce(q.fit, p_most);
end
$$;

-- The emptiest host by memory that can take one more server, or null. The
-- caller holds the lock that keeps what it reads true. A group's policy
-- rules hosts out or, where it is soft, comes first in their order.
create function compute.host_pick(s compute.servers, p_host text, p_node text)
	returns text
language sql as $$
	select h.name
	from compute.hosts h cross join lateral (
		select coalesce(sum(t.vcpus), 0) as vcpus,
			coalesce(sum(t.ram), 0) as ram,
			coalesce(sum(t.disk + t.ephemeral), 0) as gb
		from compute.servers t
		where t.host = h.name and t.deleted_at is null) used
	cross join lateral (
		select count(*) filter (where t.host = h.name) as here,
			count(*) filter (where t.host <> h.name) as elsewhere
		from compute.servers t
		where t.group_id = s.group_id and t.deleted_at is null) mates
	left join compute.server_groups g on g.id = s.group_id
	where h.heartbeat > now() - interval '60 s'
		and not h.disabled and not h.forced_down
		and (s.zone is null or h.zone = s.zone)
		and (p_host is null or h.name = p_host)
		and (p_node is null or h.hypervisor_hostname = p_node)
		and case g.policy when 'affinity' then mates.elsewhere = 0
			when 'anti-affinity' then mates.here < g.max_per_host
			else true end
		and used.vcpus + s.vcpus <= h.vcpus * h.cpu_ratio
		and used.ram + s.ram <= h.memory_mb * h.ram_ratio
		and used.gb + s.disk + s.ephemeral <= h.local_gb * h.disk_ratio
	order by case g.policy when 'soft-affinity' then -mates.here
			when 'soft-anti-affinity' then mates.here end,
		h.memory_mb * h.ram_ratio - used.ram desc, h.name
	limit 1
$$;

-- The lowest free address of a subnet, or null. The caller has locked it.
create function compute.address_free(s compute.subnets) returns inet
language sql as $$
	select c.ip
	from (select s.first as ip
		union all select s.gateway + 1
		union all select p.ip + 1 from compute.ports p
		where p.network_id = s.network_id) c
	where c.ip between s.first and s.last and c.ip <> s.gateway
		and not exists (select from compute.ports t
			where t.network_id = s.network_id and t.ip = c.ip)
	order by c.ip limit 1
$$;

create function compute.mac_new() returns macaddr
language plpgsql as $$
declare
	fresh macaddr;
begin
	loop
		fresh := ('fa163e' || substr(md5(gen_random_uuid()::text),
			1, 6))::macaddr;
		exit when not exists (
			select from compute.ports where mac = fresh);
	end loop;
	return fresh;
end
$$;

-- Gives a server a port on a network, with this address (null: any).
create function compute.port_create(p_server uuid, p_project text, p_nic int,
	p_network uuid, p_ip inet) returns void
language plpgsql as $$
declare
	subnet compute.subnets;
	address inet := p_ip;
	holder uuid;
begin
	select * into subnet from compute.subnets s
	where s.network_id = p_network and (p_ip is null or p_ip << s.cidr)
	order by s.created_at, s.id limit 1 for no key update;
	if not found and p_ip is not null then
		raise exception using errcode = 'LT400', message = format(
			'Fixed IP address %s is not a valid IP address for '
			'network %s.', host(p_ip), p_network);
	elsif found and p_ip is null then
		address := compute.address_free(subnet);
		if address is null then
			raise exception using errcode = 'LT400', message =
				format('No fixed IP addresses available for '
				'network: %s', p_network);
		end if;
	end if;
	select server_id into holder from compute.ports
	where network_id = p_network and ip = address;
	if found then
		raise exception using errcode = 'LT400', message = format(
			'Fixed IP address %s is already in use on instance %s.',
			host(address), holder);
	end if;
	insert into compute.ports (network_id, subnet_id, project_id,
		server_id, mac, ip, nic)
	values (p_network, subnet.id, p_project, p_server, compute.mac_new(),
		address, p_nic);
end
$$;

-- The project's only network, where a create named none: [] or [{"uuid"}].
create function compute.network_only(p_project text, p_auto boolean)
	returns jsonb
language plpgsql as $$
declare
	ids uuid[] := array(select id from compute.networks
		where shared or project_id = p_project limit 2);
begin
	if cardinality(ids) > 1 then
		raise exception using errcode = 'LT409', message =
			'Multiple possible networks found, use a Network ID '
			'to be more specific.';
	elsif cardinality(ids) = 1 then
		return jsonb_build_array(jsonb_build_object('uuid', ids[1]));
	elsif p_auto then
		raise exception using errcode = 'LT400', message = 'Unable to '
			'automatically allocate a network for project '
			|| p_project;
	end if;
	return '[]';
end
$$;

-- Refuses networks and ports that a create of the project cannot use.
create function compute.networks_check(p_asked jsonb, p_project text)
	returns void
language plpgsql as $$
declare
	want jsonb;
	holder uuid;
begin
	for want in select * from jsonb_array_elements(p_asked) loop
		if want ->> 'port' is null then
			perform from compute.networks n
			where n.id = (want ->> 'uuid')::uuid
				and (n.shared or n.project_id = p_project);
			if not found then
				raise exception using errcode = 'LT400',
					message = format('Network %s could '
					'not be found.', want ->> 'uuid');
			end if;
			continue;
		end if;
		select server_id into holder from compute.ports
		where id = (want ->> 'port')::uuid
			and project_id = p_project for update;
		if not found then
			raise exception using errcode = 'LT400', message =
				format('Port id %s could not be found.',
				want ->> 'port');
		elsif holder is not null then
			raise exception using errcode = 'LT409', message =
				format('Port %s is still in use.',
				want ->> 'port');
		end if;
	end loop;
end
$$;

create function compute.ports_create(p_server uuid, p_project text,
	p_networks jsonb) returns void
language plpgsql as $$
declare
	want record;
begin
	for want in select w.value as v, w.ordinality::int - 1 as nic
		from jsonb_array_elements(p_networks) with ordinality w
	loop
		if want.v ->> 'port' is null then
			perform compute.port_create(p_server, p_project,
				want.nic, (want.v ->> 'uuid')::uuid,
				(want.v ->> 'fixed_ip')::inet);
		else
			update compute.ports set server_id = p_server,
				nic = want.nic, updated_at = now()
			where id = (want.v ->> 'port')::uuid;
		end if;
	end loop;
end
$$;

-- The security groups of a create, by name; the default one comes to be.
create function compute.security_groups_pick(p_asked jsonb, p_project text)
	returns text[]
language plpgsql as $$
declare
	missing text;
begin
	insert into compute.security_groups (project_id) values (p_project)
	on conflict do nothing;
	if p_asked is null then
		return '{default}';
	end if;
	select a into missing from jsonb_array_elements_text(p_asked) a
	where not exists (select from compute.security_groups g
		where g.project_id = p_project and a in (g.name, g.id::text))
	limit 1;
	if found then
		raise exception using errcode = 'LT400', message = format(
			'Unable to find security_group with name or id ''%s''',
			missing);
	end if;
	return array(select distinct g.name from compute.security_groups g
		join jsonb_array_elements_text(p_asked) a
			on a in (g.name, g.id::text)
		where g.project_id = p_project order by 1);
end
$$;

-- The properties of the image of a create; 400 when it cannot be booted.
create function compute.image_pick(p_image uuid, p_project text,
	p_admin boolean, p_flavor compute.flavors) returns jsonb
language plpgsql as $$
declare
	image record;
	room bigint := p_flavor.disk::bigint << 30;
begin
	select i.* into image from image.images i
	where i.id = p_image and i.deleted_at is null
		and image.visible(i, exists (select from image.members m
			where m.image_id = i.id and m.member = p_project),
			p_project, p_admin);
	if not found then
		raise exception using errcode = 'LT400',
			message = 'Can not find requested image';
	elsif image.status <> 'active' then
		raise exception using errcode = 'LT400', message = format(
			'Image %s is not active.', p_image);
	elsif image.min_ram > p_flavor.ram then
		raise exception using errcode = 'LT400', message =
			'Flavor''s memory is too small for requested image.';
	elsif room = 0 and not p_admin then
		raise exception using errcode = 'LT403', message =
			'Only volume-backed servers are allowed for flavors '
			'with zero disk.';
	elsif room > 0 and image.min_disk::bigint << 30 > room then
		raise exception using errcode = 'LT400', message = format(
			'Flavor''s disk is smaller than the minimum size '
			'specified in image metadata. Flavor disk is %s bytes, '
			'minimum size is %s bytes.', room,
			image.min_disk::bigint << 30);
	elsif room > 0 and image.size > room then
		raise exception using errcode = 'LT400', message = format(
			'Flavor''s disk is too small for requested image. '
			'Flavor disk is %s bytes, image is %s bytes.',
			room, image.size);
	end if;
	return image.properties;
end
$$;

-- The disks, files and host that a create names must be possible.
create function compute.parts_check(p jsonb, p_project text,
	f compute.flavors) returns void
language plpgsql as $$
declare
	files int := compute.quota(p_project, 'injected_files');
	path_bytes int := compute.quota(p_project,
		'injected_file_path_bytes');
	file_bytes int := compute.quota(p_project,
		'injected_file_content_bytes');
	place text := coalesce(p ->> 'on_host', p ->> 'on_node');
begin
	if (p ->> 'ephemeral_gb')::int > f.ephemeral then
		perform compute.refuse(400, 'Ephemeral disks requested are '
			'larger than the instance type allows. If no size is '
			'given in one block device mapping, flavor ephemeral '
			'size will be used.');
	elsif (p ->> 'swap_mb')::int > f.swap then
		perform compute.refuse(400, 'Swap drive requested is larger '
			'than instance type allows.');
	elsif files >= 0 and
			jsonb_array_length(p -> 'job' -> 'personality') > files
	then
		perform compute.refuse(403, 'Personality file limit exceeded');
	elsif path_bytes >= 0 and (p ->> 'path_bytes')::int > path_bytes then
		perform compute.refuse(403, format('Personality file path '
			'exceeds maximum %s', path_bytes));
	elsif file_bytes >= 0 and (p ->> 'file_bytes')::int > file_bytes then
		perform compute.refuse(403, format('Personality file content '
			'exceeds maximum %s', file_bytes));
	elsif (p ->> 'place_known')::boolean and not exists (
		select from compute.hosts h where h.name = coalesce(
			p ->> 'on_host', h.name) and h.hypervisor_hostname
			= coalesce(p ->> 'on_node', h.hypervisor_hostname))
	then
		perform compute.refuse(400, format('Compute host %s could not '
			'be found.', place));
	end if;
end
$$;

-- The group that the hint of a create names, or null.
create function compute.server_group_pick(p jsonb) returns uuid
language plpgsql as $$
declare
	hint uuid := (p #>> '{scheduler_hints,group}')::uuid;
	most int := compute.quota(p ->> 'project_id', 'server_group_members');
begin
	if hint is null then
		return null;
	end if;
	perform from compute.server_groups
	where id = hint and project_id = p ->> 'project_id' for update;
	if not found then
		perform compute.refuse(400, format(
			'Instance group %s could not be found.', hint));
	elsif most >= 0 and most < (p ->> 'most')::int + (
		select count(*) from compute.servers
		where group_id = hint and deleted_at is null) then
		perform compute.refuse(403,
			'Quota exceeded, too many servers in group');
	end if;
	return hint;
end
$$;

-- What all servers of one create have in common; checks what it names.
create function compute.server_draft(p jsonb) returns compute.servers
language plpgsql as $$
declare
	s compute.servers := jsonb_populate_record(null::compute.servers, p);
	admin boolean := (p ->> 'admin')::boolean;
	f compute.flavors;
begin
	select x.* into f from compute.flavors x where x.id = s.flavor_id
		and (admin or compute.flavor_open(x, s.project_id));
	if not found then
		raise exception using errcode = 'LT400', message = format(
			'Flavor %s could not be found.', s.flavor_id);
	end if;
	s.metadata := compute.metadata_fit(s.project_id, s.metadata);
	perform compute.parts_check(p, s.project_id, f);
	s.vcpus := f.vcpus;
	s.ram := f.ram;
	s.disk := f.disk;
	s.ephemeral := f.ephemeral;
	s.swap := f.swap;
	s.flavor := to_jsonb(f);
	s.image_props := compute.image_pick(s.image_id, s.project_id, admin, f);
	s.security_groups := compute.security_groups_pick(p -> 'groups',
		s.project_id);
	s.group_id := compute.server_group_pick(p);
	if s.key_name is not null then
		select public_key, type into s.public_key, s.key_type
		from compute.keypairs
		where user_id = s.user_id and name = s.key_name;
		if not found then
			raise exception using errcode = 'LT400',
				message = 'Invalid key_name provided.';
		end if;
	end if;
	if s.zone is not null and not exists (select from compute.hosts h
			where h.zone = s.zone and not h.disabled) then
		raise exception using errcode = 'LT400', message =
			'The requested availability zone is not available';
	end if;
	return s;
end
$$;

-- Adds the i-th server of a create to the catalog, placed where it fits.
create function compute.server_add(s compute.servers, i int, p_host text,
	p_node text) returns compute.servers
language plpgsql as $$
begin
	insert into compute.servers (id, project_id, user_id, name, hostname,
		description, image_id, image_props, flavor_id, flavor, vcpus,
		ram, disk, ephemeral, swap, host, zone, key_name, public_key,
		key_type, metadata, tags, user_data, config_drive,
		access_ip_v4, access_ip_v6, disk_config, security_groups,
		scheduler_hints, group_id, reservation_id, launch_index,
		request_id)
	select u.id, s.project_id, s.user_id, s.name,
		coalesce(s.hostname, 'Server-' || u.id), s.description,
		s.image_id, s.image_props, s.flavor_id, s.flavor, s.vcpus,
		s.ram, s.disk, s.ephemeral, s.swap,
		compute.host_pick(s, p_host, p_node), s.zone, s.key_name,
		s.public_key, s.key_type, s.metadata, s.tags, s.user_data,
		s.config_drive, s.access_ip_v4, s.access_ip_v6, s.disk_config,
		s.security_groups, s.scheduler_hints, s.group_id,
		s.reservation_id, i, s.request_id
	from (select gen_random_uuid() as id) u
	returning * into s;
	insert into compute.actions (server_id, action, request_id, user_id,
		project_id)
	values (s.id, 'create', s.request_id, s.user_id, s.project_id);
	return s;
end
$$;

-- Creates servers. p has the columns of compute.servers that the client and
-- its token decide, and: admin, least, most (how many), networks (a list or
-- "auto"), groups (names or ids), on_host, on_node, place_known (these must
-- exist), swap_mb, ephemeral_gb (of its own devices), path_bytes, file_bytes
-- (the most in personality), job (the arguments for the agent: admin_pass,
-- personality). Nothing in p is null; what was not
-- asked for is not there. Servers that do not all find a host are recorded in
-- state error.
create function compute.server_create(p jsonb)
	returns table (id uuid, host text, reservation_id text)
language plpgsql as $$
declare
	draft compute.servers := compute.server_draft(p);
	s compute.servers;
	made compute.servers[] := '{}';
	networks jsonb := p -> 'networks';
	n int;
	lost boolean := false;
begin
	if networks is null or networks = '"auto"' then
		networks := compute.network_only(draft.project_id,
			networks is not null);
	end if;
	perform compute.networks_check(networks, draft.project_id);
	n := compute.quota_fit(draft.project_id, draft.vcpus, draft.ram,
		(p ->> 'least')::int, (p ->> 'most')::int);
	perform pg_advisory_xact_lock(hashtext('compute.host_pick'), 0);
	for i in 1 .. n loop
		s := draft;
		if (p ->> 'most')::int > 1 then
			s.name := format('%s-%s', draft.name, i);
			s.hostname := format('%s-%s', draft.hostname, i);
		end if;
		s := compute.server_add(s, i - 1, p ->> 'on_host',
			p ->> 'on_node');
		lost := lost or s.host is null;
		made := made || s;
	end loop;
	foreach s in array made loop
		if lost then
			perform compute.server_lost(s.id);
			s.host := null;
		else
			perform compute.ports_create(s.id, s.project_id,
				networks);
			insert into lite.jobs (kind, host, subject, args,
				request_id)
			values ('server_create', s.host, s.id, p -> 'job',
				s.request_id);
		end if;
		return query select s.id, s.host, s.reservation_id;
	end loop;
end
$$;

-- No host was found for it.
create function compute.server_lost(p_id uuid) returns void
language sql as $$
	update compute.servers set host = null, vm_state = 'error',
		task_state = null, updated_at = now(), fault =
		jsonb_build_object('code', 500,
			'message', 'No valid host was found. ',
			'details', 'No host that is up has the zone, vcpus, '
				'memory and disk asked for.',
			'created', to_char(now() at time zone 'UTC',
				'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
	where id = p_id;
	update compute.actions set message = 'Error', updated_at = now()
	where server_id = p_id and action = 'create';
$$;

-- The row of a server that the caller may act on, locked. p_scope: project,
-- or null for one who may act on all.
create function compute.server_lock(p_id uuid, p_scope text)
	returns compute.servers
language plpgsql as $$
declare
	s compute.servers;
begin
	select * into s from compute.servers
	where id = p_id and deleted_at is null
		and (p_scope is null or project_id = p_scope) for update;
	if not found then
		raise exception using errcode = 'LT404', message = format(
			'Instance %s could not be found.', p_id);
	elsif s.locked and p_scope is not null then
		raise exception using errcode = 'LT409', message = format(
			'Instance %s is locked', p_id);
	end if;
	return s;
end
$$;

-- Records an action and its job for the server's agent; who: {user_id,
-- project_id, request_id} of the caller.
create function compute.server_job(s compute.servers, p_action text,
	p_kind text, p_args jsonb, who jsonb) returns void
language sql as $$
	insert into compute.actions (server_id, action, request_id, user_id,
		project_id)
	values (s.id, p_action, who ->> 'request_id', who ->> 'user_id',
		who ->> 'project_id');
	insert into lite.jobs (kind, host, subject, args, request_id)
	values (p_kind, s.host, s.id, p_args, who ->> 'request_id');
$$;

-- Begins a change of power state: verb is Nova's word for it, states are the
-- vm_states it may begin in, tasks the task_states besides none. Returns the
-- host whose agent has a job now.
create function compute.server_command(p_id uuid, p_scope text, verb text,
	states text[], tasks text[], task text, p_args jsonb, who jsonb)
	returns text
language plpgsql as $$
declare
	s compute.servers := compute.server_lock(p_id, p_scope);
begin
	if s.vm_state <> all (states) then
		raise exception using errcode = 'LT409', message = format(
			'Cannot ''%s'' instance %s while it is in vm_state %s',
			verb, p_id, s.vm_state);
	elsif s.task_state is not null and s.task_state <> all (tasks) then
		raise exception using errcode = 'LT409', message = format(
			'Cannot ''%s'' instance %s while it is in task_state '
			'%s', verb, p_id, s.task_state);
	elsif s.host is null then
		raise exception using errcode = 'LT409', message = format(
			'Instance %s is not ready', p_id);
	end if;
	update compute.servers set task_state = task, updated_at = now()
	where id = p_id;
	perform compute.server_job(s, verb, 'server_' || verb, p_args, who);
	return s.host;
end
$$;

-- The end of a server: what is left is what usage and audits ask for.
create function compute.server_gone(p_id uuid) returns void
language sql as $$
	delete from compute.ports where server_id = p_id;
	update compute.servers set deleted_at = now(), terminated_at = now(),
		updated_at = now(), vm_state = 'deleted', task_state = null,
		power_state = 0, user_data = null, admin_pass_hash = null
	where id = p_id;
$$;

-- Returns the host whose agent has a job now; null: there was nothing to do.
create function compute.server_delete(p_id uuid, p_scope text, who jsonb)
	returns text
language plpgsql as $$
declare
	s compute.servers := compute.server_lock(p_id, p_scope);
begin
	if s.host is null then
		perform compute.server_gone(p_id);
		return null;
	elsif s.task_state = 'deleting' then
		return null;
	end if;
	update compute.servers set task_state = 'deleting', updated_at = now()
	where id = p_id;
	perform compute.server_job(s, 'delete', 'server_delete', '{}', who);
	return s.host;
end
$$;
