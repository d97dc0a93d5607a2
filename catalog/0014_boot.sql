-- SPDX-License-Identifier: Apache-2.0
-- Managed boot: which kernel, modules and RAM disk a server boots with. See
-- api-ref/managed-boot.md for the parameters.

alter table compute.servers
	-- What the parameters came to when the server was last told to boot
	-- (nova-lite/boot/boot.h has the members); null: not managed.
	add column boot jsonb,
	-- Of the boot image that it has; null until there is one.
	add column boot_digest text,
	add column boot_built_at timestamptz;

create index images_boot_idx on image.images (disk_format, created_at, id)
	where disk_format in ('aki', 'ari') and deleted_at is null;
create index images_boot_set_idx on image.images
	((properties ->> 'boot:set_kernel'))
	where properties ? 'boot:set_kernel' and deleted_at is null;

-- -- parameters -----------------------------------------------------------

create function compute.boot_refuse(p_key text, p_value text, p_why text)
	returns text
language sql as $$
	select compute.refuse(400, format('Invalid input for field/attribute '
		'boot:%s. Value: %s. %s', p_key, p_value, p_why))
$$;

-- The server's value of a parameter, or null: its own, its image's, its
-- flavor's.
create function compute.boot_param(s compute.servers, p_key text)
	returns text
language sql immutable as $$
	select coalesce(nullif(s.metadata ->> ('boot:' || p_key), ''),
		nullif(s.image_props ->> ('boot:' || p_key), ''),
		nullif(s.flavor -> 'extra_specs' ->> ('boot:' || p_key), ''))
$$;

create function compute.boot_managed(s compute.servers) returns boolean
language sql immutable as $$
	select coalesce(compute.boot_param(s, 'kernel'),
		compute.boot_param(s, 'modules'),
		compute.boot_param(s, 'ramdisk'),
		compute.boot_param(s, 'ramdisk_size'),
		compute.boot_param(s, 'cmdline'),
		compute.boot_param(s, 'module_policy')) is not null
$$;

-- -- what is offered ------------------------------------------------------

-- What a project has chosen to see: its own, what administrators publish, and
-- what it has accepted. A stranger may show an image to all (community) or to
-- anybody, and is not to be taken for someone who offers kernels.
create function compute.boot_trusted(i image.images, p_project text)
	returns boolean
language sql stable as $$
	select i.deleted_at is null and i.status = 'active'
		and (i.owner = p_project or i.visibility = 'public'
		or i.visibility = 'shared' and exists (
			select from image.members m
			where m.image_id = i.id and m.member = p_project
				and m.status = 'accepted'))
$$;

-- The image of an id that the project may see; null: none.
create function compute.boot_by_id(p_project text, p_id text)
	returns image.images
language plpgsql stable as $$
declare
	i image.images;
begin
	if p_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
		select x.* into i from image.images x
		where x.id = p_id::uuid and x.deleted_at is null
			and image.visible(x, exists (
				select from image.members m
				where m.image_id = x.id
				and m.member = p_project), p_project, false);
	end if;
	return i;
end
$$;

-- The kernels (aki) or RAM disks (ari) of a project, in order.
create function compute.boot_offered(p_project text, p_format text)
	returns table (index bigint, image image.images)
language sql stable as $$
	select row_number() over (order by i.created_at, i.id) - 1, i
	from image.images i
	where i.disk_format = p_format and i.disk_format in ('aki', 'ari')
		and i.deleted_at is null and compute.boot_trusted(i, p_project)
$$;

create function compute.boot_names(p_text text) returns text[]
language sql immutable as $$
	select coalesce(array_agg(n order by at), '{}')
	from unnest(string_to_array(p_text, ',')) with ordinality as t (v, at)
	cross join lateral (select translate(trim(v), '-', '_') as n) x
	where n <> ''
$$;

-- The module sets of a kernel, in order. Who names a kernel by its id trusts
-- its owner.
create function compute.boot_sets(p_project text, p_kernel uuid)
	returns table (image image.images, base text[], modules text[])
language sql stable as $$
	select i, compute.boot_names(i.properties ->> 'boot:set_base'),
		compute.boot_names(i.properties ->> 'boot:set_modules')
	from image.images k
	join image.images i on i.properties ? 'boot:set_kernel'
		and i.properties ->> 'boot:set_kernel' = k.id::text
		and i.deleted_at is null
	where k.id = p_kernel
		and (compute.boot_trusted(i, p_project)
		or i.owner = k.owner and i.status = 'active'
			and i.visibility = 'community')
	order by i.created_at, i.id
$$;

-- -- what is asked for ----------------------------------------------------

create function compute.boot_part(i image.images) returns jsonb
language sql immutable as $$
	select jsonb_build_object('id', i.id, 'name', i.name,
		'hash', i.os_hash_value)
$$;

-- Why an image that was named is not offered; refuses.
create function compute.boot_image_refuse(p_project text, p_format text,
	p_key text, p_value text) returns void
language plpgsql as $$
declare
	i image.images := compute.boot_by_id(p_project, p_value);
	what text := case p_format when 'aki' then 'a kernel'
		else 'a RAM disk' end;
begin
	if i.id is null then
		select x.* into i from image.images x
		where x.name = p_value and x.deleted_at is null
			and (x.owner = p_project or x.visibility = 'public')
		order by x.id limit 1;
	end if;
	perform compute.boot_refuse(p_key, p_value, case
		when i.id is null then format('There is no image of %s with '
			'this id, name or index.', what)
		when i.disk_format is distinct from p_format then format(
			'The image is not %s: its disk_format is %s, not %s.',
			what, coalesce(i.disk_format, 'not set'), p_format)
		else format('The image is not active but %s.', i.status) end);
end
$$;

-- The kernel (aki) or RAM disk (ari) that a value names: by id, by name, else
-- by index.
create function compute.boot_image(p_project text, p_format text, p_key text,
	p_value text) returns image.images
language plpgsql stable as $$
declare
	ids uuid[];
	i image.images := compute.boot_by_id(p_project, p_value);
begin
	if i.disk_format = p_format and i.status = 'active' then
		return i;
	end if;
	select array_agg((o.image).id) into ids from (
		select o.*, rank() over (order by case
			when (o.image).name = p_value then 1 else 2 end)
		from compute.boot_offered(p_project, p_format) o
		where p_value in ((o.image).name, o.index::text)) o
	where rank = 1;
	if ids is null then
		perform compute.boot_image_refuse(p_project, p_format, p_key,
			p_value);
	elsif cardinality(ids) > 1 then
		perform compute.boot_refuse(p_key, p_value,
			'More than one image has this name: use an id.');
	end if;
	select * into i from image.images x where x.id = ids[1];
	return i;
end
$$;

-- The set with all of the modules asked for, and these by name:
-- {set, base, modules}; {} where there is none and none is asked for.
create function compute.boot_modules(p_project text, p_kernel image.images,
	p_value text) returns jsonb
language plpgsql stable as $$
declare
	-- Horizon's form of a list is "<all-in> a,b", "<or> a <or> b".
	asked text[] := compute.boot_names(regexp_replace(regexp_replace(
		coalesce(p_value, ''), '^\s*<(all-in|in|or)>', ''),
		'<(or|in)>', ',', 'g'));
	found_in int := 0;
	name text;
	pick record;
begin
	select s.image, s.base, m.names into pick
	from compute.boot_sets(p_project, p_kernel.id) s
	cross join lateral (
		select coalesce(array_agg(coalesce(
			case when a.v = any (s.modules) then a.v end,
			case when a.v ~ '^[0-9]{1,6}$'
				then s.modules[a.v::int + 1] end)
			order by a.at), '{}') as names
		from unnest(asked) with ordinality a (v, at)) m
	where array_position(m.names, null) is null
	limit 1;
	if found then
		return jsonb_build_object('set',
			compute.boot_part(pick.image), 'base', pick.base,
			'modules', pick.names);
	elsif asked = '{}' then
		return '{}';
	end if;
	foreach name in array asked loop
		perform from compute.boot_sets(p_project, p_kernel.id) s
		where name = any (s.modules) or (name ~ '^[0-9]{1,6}$'
			and name::int < cardinality(s.modules));
		if not found then
			perform compute.boot_refuse('modules', name, format(
				'The kernel %s has no such module.',
				coalesce(p_kernel.name, p_kernel.id::text)));
		end if;
	end loop;
	perform compute.boot_refuse('modules', p_value,
		'No set of modules of the kernel has all of these.');
end
$$;

create function compute.boot_policy(p_value text) returns text
language plpgsql immutable as $$
declare
	all_of text[] := '{any,provided,none}';
begin
	if p_value is null or p_value = any (all_of) then
		return coalesce(p_value, 'any');
	elsif p_value in ('0', '1', '2') then
		return all_of[p_value::int + 1];
	end if;
	return compute.boot_refuse('module_policy', p_value,
		'It is not one of any, provided, none.');
end
$$;

-- The size in MiB, which must leave room in the memory for something else.
create function compute.boot_ramdisk_size(p_value text, p_image_bytes bigint,
	p_ram int) returns int
language plpgsql immutable as $$
declare
	held bigint := (coalesce(p_image_bytes, 0) + 1048575) / 1048576;
begin
	if p_value is null then
		return null;
	elsif p_value !~ '^[0-9]{1,7}$' or p_value::int = 0 then
		perform compute.boot_refuse('ramdisk_size', p_value,
			'It is not a number of MiB.');
	elsif p_value::bigint + held >= p_ram then
		perform compute.boot_refuse('ramdisk_size', p_value, format(
			'The RAM disk would not fit into the server''s %s MiB '
			'of memory.', p_ram));
	end if;
	return p_value::int;
end
$$;

-- What the kernel would take is 2048 bytes with the service's own part.
create function compute.boot_cmdline(p_value text) returns text
language plpgsql immutable as $$
begin
	if octet_length(p_value) > 1900 then
		perform compute.boot_refuse('cmdline', left(p_value, 40)
			|| '...', 'It is longer than 1900 bytes.');
	elsif p_value like '%rdinit=%' or p_value like '%initrd=%' then
		perform compute.boot_refuse('cmdline', p_value,
			'rdinit= and initrd= are the service''s own.');
	elsif p_value ~ '[[:cntrl:]]' then
		perform compute.boot_refuse('cmdline', quote_literal(p_value),
			'It must be one line without control characters.');
	end if;
	return p_value;
end
$$;

-- -- all of it ------------------------------------------------------------

-- What a server boots with by its parameters, or 400; null: not managed.
create function compute.boot_pick(s compute.servers) returns jsonb
language plpgsql stable as $$
declare
	want_kernel text := coalesce(compute.boot_param(s, 'kernel'),
		s.image_props ->> 'kernel_id');
	want_ramdisk text := coalesce(compute.boot_param(s, 'ramdisk'),
		s.image_props ->> 'ramdisk_id');
	kernel image.images;
	ramdisk image.images;
begin
	if not compute.boot_managed(s) then
		return null;
	elsif want_kernel is null then
		perform compute.boot_refuse('kernel', 'none', 'The other '
			'parameters need a kernel, and neither the server nor '
			'its image names one.');
	end if;
	kernel := compute.boot_image(s.project_id, 'aki', 'kernel',
		want_kernel);
	if want_ramdisk is not null then
		ramdisk := compute.boot_image(s.project_id, 'ari', 'ramdisk',
			want_ramdisk);
		if ramdisk.size >= s.ram::bigint << 20 then
			perform compute.boot_refuse('ramdisk', want_ramdisk,
				format('The RAM disk would not fit into the '
				'server''s %s MiB of memory.', s.ram));
		end if;
	end if;
	return compute.boot_modules(s.project_id, kernel,
			compute.boot_param(s, 'modules'))
		|| jsonb_strip_nulls(jsonb_build_object(
		'kernel', compute.boot_part(kernel),
		'ramdisk', case when ramdisk.id is not null
			then compute.boot_part(ramdisk) end,
		'ramdisk_size', compute.boot_ramdisk_size(
			compute.boot_param(s, 'ramdisk_size'), ramdisk.size,
			s.ram),
		'cmdline', compute.boot_cmdline(coalesce(
			compute.boot_param(s, 'cmdline'),
			s.image_props ->> 'os_command_line')),
		'policy', compute.boot_policy(
			compute.boot_param(s, 'module_policy')),
		'firmware', case s.image_props ->> 'hw_firmware_type'
			when 'uefi' then 'uefi' else 'bios' end));
end
$$;

-- The kernel and RAM disk of an image that boots by Nova's own convention.
create function compute.boot_plain_check(s compute.servers) returns void
language plpgsql stable as $$
declare
	part text;
	i image.images;
begin
	foreach part in array array_remove(array[
		s.image_props ->> 'kernel_id',
		s.image_props ->> 'ramdisk_id'], null)
	loop
		i := compute.boot_by_id(s.project_id, part);
		if i.status is distinct from 'active' then
			perform compute.refuse(400, format(
				'Image %s could not be found.', part));
		end if;
	end loop;
end
$$;

-- A server that is made, made anew, or told to boot from scratch boots with
-- what its parameters say then.
create function compute.boot_settle() returns trigger
language plpgsql as $$
begin
	new.boot := compute.boot_pick(new);
	if tg_op = 'UPDATE' and new.boot is distinct from old.boot then
		new.boot_digest := null;
		new.boot_built_at := null;
	end if;
	-- Later the host has them.
	if new.boot is null and tg_argv[0] = 'new' then
		perform compute.boot_plain_check(new);
	end if;
	return new;
end
$$;
create trigger boot_settle_made before insert on compute.servers
	for each row execute function compute.boot_settle('new');
-- Only a rebuild sets them.
create trigger boot_settle_rebuilt before update of image_props
	on compute.servers
	for each row execute function compute.boot_settle('new');
-- Also where it is what it was: a hard reboot may be asked for again.
create trigger boot_settle_told before update of task_state
	on compute.servers
	for each row when (new.task_state in ('powering-on', 'rebooting_hard'))
	execute function compute.boot_settle('told');

-- -- lists ----------------------------------------------------------------

-- The name of the server's nth own drive (0: the root file system's), behind
-- the boot image, if there is one.
create function compute.disk_device(s compute.servers, p_n int) returns text
language sql immutable as $$
	select '/dev/vd' || chr(ascii('a') + p_n + (s.boot is not null)::int)
$$;

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
			then compute.disk_device(s, 0) end,
		'task_state', s.task_state,
		'terminated_at', to_char(s.terminated_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
$$;
