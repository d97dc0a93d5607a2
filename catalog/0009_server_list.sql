-- SPDX-License-Identifier: Apache-2.0
-- Compute: lists of servers. The planner looks into the functions of one
-- expression: a filter that was not asked for costs nothing when it runs.

-- What a list is sorted by, as text that sorts so. Strict: without a key the
-- planner does not even look.
create function compute.server_sort(s compute.servers, p_key text) returns text
language plpgsql stable strict as $$
begin
	return case p_key when 'display_name' then s.name
		when 'uuid' then s.id::text when 'host' then s.host
		when 'hostname' then s.hostname when 'user_id' then s.user_id
		when 'project_id' then s.project_id
		when 'vm_state' then s.vm_state
		when 'task_state' then s.task_state
		when 'key_name' then s.key_name
		when 'image_ref' then s.image_id::text
		when 'availability_zone' then s.zone
		when 'display_description' then s.description
		when 'updated_at' then to_char(s.updated_at at time zone 'UTC',
			'YYYYMMDDHH24MISSUS')
		when 'launched_at' then to_char(s.launched_at
			at time zone 'UTC', 'YYYYMMDDHH24MISSUS')
		when 'launch_index' then lpad(s.launch_index::text, 10, '0')
		when 'power_state' then s.power_state::text
		when 'reservation_id' then s.reservation_id
		when 'memory_mb' then lpad(s.ram::text, 10, '0')
		when 'vcpus' then lpad(s.vcpus::text, 10, '0')
		when 'root_gb' then lpad(s.disk::text, 10, '0')
		when 'ephemeral_gb' then lpad(s.ephemeral::text, 10, '0')
		when 'locked' then s.locked::text end;
end
$$;

-- The server that a list goes on behind; null: it is the first page.
create function compute.server_marker(p_id text) returns compute.servers
language plpgsql stable strict as $$
declare
	s compute.servers;
begin
	select * into s from compute.servers where id::text = p_id;
	if not found then
		perform compute.refuse(400,
			format('marker [%s] not found', p_id));
	end if;
	return s;
end
$$;

-- Whether a server has the addresses asked for, regular expressions.
create function compute.server_at(p_server uuid, p_ip text, p_ip6 text)
	returns boolean
language sql stable as $$
	select (p_ip is null or exists (select from compute.ports p
			where p.server_id = p_server and host(p.ip) ~ p_ip
				and family(p.ip) = 4))
		and (p_ip6 is null or exists (select from compute.ports p
			where p.server_id = p_server and host(p.ip) ~ p_ip6
				and family(p.ip) = 6))
$$;

-- What is seldom filtered by, as text.
create function compute.server_facts(s compute.servers) returns jsonb
language sql stable as $$
	select jsonb_build_object('access_ip_v4', host(s.access_ip_v4),
		'access_ip_v6', host(s.access_ip_v6),
		'config_drive', s.config_drive::text,
		'description', s.description, 'kernel_id', s.kernel_id,
		'launch_index', s.launch_index::text,
		'power_state', s.power_state::text,
		'progress', s.progress::text, 'ramdisk_id', s.ramdisk_id,
		'task_state', s.task_state)
$$;

-- What a list is asked for, except of whose servers and in which order; null
-- is not asked for. p_facts: {fact: value}.
create function compute.server_fits(s compute.servers, p_zone text,
	p_since timestamptz, p_before timestamptz, p_deleted boolean,
	p_name text, p_states text[], p_tasks text[], p_image text,
	p_flavor text, p_host text, p_uuid text, p_key text, p_in_zone text,
	p_user text, p_reservation text, p_hostname text, p_locked boolean,
	p_facts jsonb) returns boolean
language sql stable as $$
	select case when p_since is null and p_before is null
			then (s.deleted_at is not null) = p_deleted
			else s.updated_at >= coalesce(p_since, '-infinity')
				and s.updated_at <= coalesce(p_before,
					'infinity') end
		and (p_name is null or s.name ~ p_name)
		and (p_states is null or s.vm_state = any (p_states))
		and (p_tasks is null or s.task_state = any (p_tasks))
		and (p_image is null or s.image_id::text = p_image)
		and (p_flavor is null or s.flavor_id = p_flavor)
		and (p_host is null or s.host = p_host)
		and (p_uuid is null or s.id::text = p_uuid)
		and (p_key is null or s.key_name = p_key)
		and (p_in_zone is null or coalesce(p_zone, s.zone) = p_in_zone)
		and (p_user is null or s.user_id = p_user)
		and (p_reservation is null
			or s.reservation_id = p_reservation)
		and (p_hostname is null or s.hostname = p_hostname)
		and (p_locked is null or s.locked = p_locked)
		and (p_facts is null or compute.server_facts(s) @> p_facts)
$$;

-- The same for tags: all of, any of, not all of, none of.
create function compute.server_tagged(p_tags text[], p_all text[],
	p_any text[], p_not_all text[], p_none text[]) returns boolean
language sql immutable as $$
	select (p_all is null or p_tags @> p_all)
		and (p_any is null or p_tags && p_any)
		and (p_not_all is null or not p_tags @> p_not_all)
		and (p_none is null or not p_tags && p_none)
$$;
