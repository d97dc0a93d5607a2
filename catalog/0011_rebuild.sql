-- SPDX-License-Identifier: Apache-2.0
-- Files that come with a server, and servers made anew.

-- -- files ----------------------------------------------------------------

create index files_sha256_idx on image.files (shelf_id, sha256);

-- The size of the file of these contents under this path that stands in an
-- image that the project made from the base; null: in none.
create function compute.file_size(p_project text, p_base uuid, p_path text,
	p_sha256 text) returns bigint
language sql stable as $$
	select f.size
	from image.shelves s
	join image.files f on f.shelf_id = s.id
	where s.owner = p_project and s.base_id = p_base and f.path = p_path
		and f.sha256 = decode(p_sha256, 'hex')
		and exists (select from image.manifest_files mf
			join image.manifests m on m.id = mf.manifest_id
			join image.images i on i.id = m.image_id
			where mf.file_id = f.id and i.status = 'active')
	limit 1
$$;

-- One file of a list with its size, or an error that says why the project may
-- not have it; p_name: what errors call it, null where they are Nova's.
create function compute.file_fit(p_file jsonb, p_name text, p_project text,
	p_base uuid) returns jsonb
language plpgsql as $$
declare
	path_bytes int := compute.quota(p_project, 'injected_file_path_bytes');
	bytes int := compute.quota(p_project, 'injected_file_content_bytes');
	size bigint := coalesce((p_file ->> 'size')::bigint,
		compute.file_size(p_project, p_base, p_file ->> 'path',
			p_file ->> 'sha256'));
begin
	if path_bytes >= 0 and octet_length(p_file ->> 'path') > path_bytes then
		perform compute.refuse(403, coalesce(p_name || format('.path '
			'has more than the %s bytes allowed', path_bytes),
			'Personality file path exceeds maximum '
			|| path_bytes));
	elsif size is null then
		perform compute.refuse(400, p_name || '.sha256 is not that of '
			'this path in an image that the project has made from '
			'the same image');
	elsif bytes >= 0 and size > bytes then
		perform compute.refuse(403, coalesce(p_name || format(
			'.contents has more than the %s bytes allowed', bytes),
			'Personality file content exceeds maximum ' || bytes));
	end if;
	return p_file || jsonb_build_object('size', size);
end
$$;

-- The files of a create or a rebuild, all with their sizes, or an error. The
-- first p_plain of them stood in personality, the others in lite:files.
create function compute.files_fit(p_files jsonb, p_plain int, p_project text,
	p_base uuid) returns jsonb
language plpgsql as $$
declare
	most int := compute.quota(p_project, 'injected_files');
begin
	if most >= 0 and jsonb_array_length(p_files) > most then
		perform compute.refuse(403, case p_plain
			when jsonb_array_length(p_files)
				then 'Personality file limit exceeded'
			when 0 then format('lite:files has more than the %s '
				'files allowed', most)
			else format('personality and lite:files have more '
				'than the %s files allowed', most) end);
	end if;
	return (select coalesce(jsonb_agg(compute.file_fit(f.value,
			'lite:files[' || nullif(greatest(f.at - p_plain, 0), 0)
			- 1 || ']', p_project, p_base) order by f.at), '[]')
		from jsonb_array_elements(p_files)
			with ordinality f (value, at));
end
$$;

-- The disks and host that a create names must be possible.
create or replace function compute.parts_check(p jsonb, p_project text,
	f compute.flavors) returns void
language plpgsql as $$
declare
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

-- -- rebuild --------------------------------------------------------------

-- The properties of the image of a rebuild; 400 when it cannot be booted.
create function compute.rebuild_image_pick(s compute.servers, p_admin boolean)
	returns jsonb
language plpgsql as $$
begin
	perform from image.images i
	where i.id = s.image_id and i.deleted_at is null
		and image.visible(i, exists (select from image.members m
			where m.image_id = i.id and m.member = s.project_id),
			s.project_id, p_admin);
	if not found then
		perform compute.refuse(400, 'Cannot find image for rebuild');
	end if;
	return compute.image_pick(s.image_id, s.project_id, p_admin,
		jsonb_populate_record(null::compute.flavors, s.flavor));
end
$$;

-- The server with the key pair that it names now, or with none.
create function compute.rebuild_key(s compute.servers) returns compute.servers
language plpgsql as $$
begin
	select public_key, type into s.public_key, s.key_type
	from compute.keypairs where user_id = s.user_id and name = s.key_name;
	if not found and s.key_name is not null then
		perform compute.refuse(400, 'Invalid key_name provided.');
	end if;
	return s;
end
$$;

-- Begins to make a server anew. p has those columns of compute.servers that
-- change (image_id, name, hostname, description, metadata, key_name,
-- user_data, access_ip_v4, access_ip_v6, disk_config), null where they end,
-- and: admin, plain_files, job (the arguments for the agent: admin_pass,
-- files, preserve_ephemeral). The server's host has a job then.
create function compute.server_rebuild(p_id uuid, p_scope text, p jsonb,
	who jsonb) returns compute.servers
language plpgsql as $$
declare
	s compute.servers := compute.server_lock(p_id, p_scope);
	args jsonb := p -> 'job'
		|| jsonb_build_object('stopped', s.vm_state = 'stopped');
begin
	s := jsonb_populate_record(s, p);
	s.image_props := compute.rebuild_image_pick(s,
		(p ->> 'admin')::boolean);
	if p ? 'metadata' then
		s.metadata := compute.metadata_fit(s.project_id, s.metadata);
	end if;
	if p ? 'key_name' then
		s := compute.rebuild_key(s);
	end if;
	args := jsonb_set(args, '{files}', compute.files_fit(args -> 'files',
		(p ->> 'plain_files')::int, s.project_id, s.image_id));
	perform compute.server_command(p_id, p_scope, 'rebuild',
		'{active,stopped,error}', '{}', 'rebuilding', args, who);
	if s.launched_at is null then
		perform compute.refuse(409, 'Cannot ''rebuild'' an instance '
			'which has never been active');
	end if;
	update compute.servers set image_id = s.image_id,
		image_props = s.image_props, name = s.name,
		hostname = s.hostname, description = s.description,
		metadata = s.metadata, key_name = s.key_name,
		public_key = s.public_key, key_type = s.key_type,
		user_data = s.user_data, access_ip_v4 = s.access_ip_v4,
		access_ip_v6 = s.access_ip_v6, disk_config = s.disk_config,
		progress = 0
	where id = p_id
	returning * into s;
	return s;
end
$$;

-- -- lists ----------------------------------------------------------------

-- What is seldom filtered by, as text.
create or replace function compute.server_facts(s compute.servers)
	returns jsonb
language sql stable as $$
	select jsonb_build_object('access_ip_v4', host(s.access_ip_v4),
		'access_ip_v6', host(s.access_ip_v6),
		'auto_disk_config', (s.disk_config = 'AUTO')::text,
		'config_drive', s.config_drive::text,
		'created_at', to_char(s.created_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'description', s.description, 'kernel_id', s.kernel_id,
		'launch_index', s.launch_index::text,
		'launched_at', to_char(s.launched_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'node', (select h.hypervisor_hostname from compute.hosts h
			where h.name = s.host),
		'power_state', s.power_state::text,
		'progress', s.progress::text, 'ramdisk_id', s.ramdisk_id,
		'root_device_name', case when s.host is not null
			then '/dev/vda' end,
		'task_state', s.task_state,
		'terminated_at', to_char(s.terminated_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
$$;
