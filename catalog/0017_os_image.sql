-- SPDX-License-Identifier: Apache-2.0
-- Operating system images: named, versioned, read-only, shared by any number
-- of machines. See api-ref/os-images.md for the properties.

-- -- the registry ---------------------------------------------------------

-- What was found in the bundle of an OS image when it became one.
create table image.systems (
	image_id uuid primary key references image.images,
	script boolean not null		-- os_image:mount_script is there
);

create unique index images_os_image_key on image.images (owner,
	(properties ->> 'os_image:name'), (properties ->> 'os_image:version'))
	where properties ? 'os_image:name' and deleted_at is null;
create unique index images_os_image_default_key on image.images (owner,
	(properties ->> 'os_image:name'))
	where properties ? 'os_image:name' and deleted_at is null
		and properties ->> 'os_image:default' = 'true';

-- Where a machine begins in a version that does not say it.
create function image.os_image_script(p jsonb) returns text
language sql immutable as $$
	select coalesce(p ->> 'os_image:mount_script', '/sbin/os-image-start')
$$;

create function image.os_image_label(p jsonb) returns text
language sql immutable as $$
	select (p ->> 'os_image:name') || ':' || (p ->> 'os_image:version')
$$;

-- Whether a text may be a property's value. Paths and names come to stand on
-- command lines and in scripts.
create function image.os_image_fits(p_key text, p_value text) returns boolean
language sql immutable as $$
	select case p_key
	when 'name' then p_value ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'
	when 'version' then p_value ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'
	when 'default' then p_value in ('true', 'false')
	when 'deadline' then p_value ~ '^[0-9]{1,4}$'
	when 'mount_script' then p_value ~ '^(/[A-Za-z0-9._+-]{1,64}){1,8}$'
		and p_value !~ '/\.{1,2}(/|$)'
	when 'overlays' then (
		select count(*) between 1 and 16 and bool_and(
			v ~ '^(/[A-Za-z0-9._+-]{1,64}){1,8}:[0-9]{1,3}$'
			and v !~ '/\.{1,2}(/|:)'
			and v !~ '^/(data|sw|proc|sys|dev|run|\.oldroot)[/:]'
			and substring(v from '[0-9]+$')::int between 5 and 200)
		from unnest(string_to_array(p_value, ',')) v)
	when 'sw' then p_value
		~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}(:[A-Za-z0-9._-]{1,63})?$'
	when 'timezone' then p_value ~ '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$'
		and length(p_value) <= 64
	else p_key ~ '^env\.[A-Za-z_][A-Za-z0-9_]{0,63}$'
		and p_value !~ '[[:cntrl:]]' end
$$;

-- What a value has to be, for messages.
create function image.os_image_form(p_key text) returns text
language sql immutable as $$
	select case
	when p_key in ('name', 'version') then 'up to 63 letters, digits, ".", '
		'"_", "-", the first a letter or digit'
	when p_key = 'default' then 'true or false'
	when p_key = 'deadline' then 'a number of seconds, at most 9999'
	when p_key = 'mount_script' then 'the absolute path of a file'
	when p_key = 'overlays' then 'PATH:MB,... with absolute paths and 5 to '
		'200 MB each'
	when p_key = 'sw' then 'NAME or NAME:VERSION'
	when p_key = 'timezone' then 'a name like Europe/Zurich'
	when p_key like 'env.%' then 'one line, under a name of letters, '
		'digits and "_"'
	else 'name, version, default, deadline, mount_script, overlays, sw, '
		'timezone or env.NAME' end
$$;

-- The first key of os_image:* whose value does not fit, as the end of a
-- message; null: all fit.
create function image.os_image_misfit(p jsonb) returns text
language sql immutable as $$
	select format('os_image:%s: ''%s'' is not %s', k, left(value, 100),
		image.os_image_form(k))
	from jsonb_each_text(p)
	cross join lateral (select substr(key, 10) as k) x
	where key like 'os\_image:%' and not image.os_image_fits(k, value)
	order by key limit 1
$$;

-- What machines rely on once there is data.
create function image.os_image_fixed(p jsonb) returns jsonb
language sql immutable as $$
	select jsonb_object_agg(key, value) from jsonb_each(p)
	where key like 'os\_image:%'
		and key not in ('os_image:default', 'os_image:deadline')
$$;

create function image.os_image_check() returns trigger
language plpgsql as $$
declare
	why text := image.os_image_misfit(new.properties);
begin
	if new.deleted_at is not null then
		return new;
	elsif tg_op = 'UPDATE' and old.status <> 'queued'
		and image.os_image_fixed(old.properties) is distinct from
			image.os_image_fixed(new.properties) then
		why := format('Image %s has its data: of os_image:* only '
			'default and deadline can be changed.', new.id);
		perform image.refuse('LT409', why);
	elsif why is null and not (new.properties ?& '{os_image:name,
		os_image:version}') then
		why := 'os_image:name and os_image:version belong together';
	elsif why is null and new.disk_format <> 'raw' then
		why := format('disk_format %s: an OS image is raw',
			new.disk_format);
	end if;
	if why is not null then
		perform image.refuse('LT400', why);
	end if;
	return new;
end
$$;
create trigger os_image_check_made before insert on image.images
	for each row when (new.properties::text like '%"os_image:%')
	execute function image.os_image_check();
create trigger os_image_check_changed before update
	of properties, disk_format on image.images
	for each row when (new.properties::text like '%"os_image:%'
		or old.properties::text like '%"os_image:%')
	execute function image.os_image_check();

-- -- servers --------------------------------------------------------------

alter table compute.servers
	-- What OS image the server was told to run (os_image_choose has the
	-- members); null: it has a disk of its own.
	add column os_image jsonb;
create index servers_os_image_idx on compute.servers
	((os_image ->> 'name')) where os_image is not null
		and deleted_at is null;
create index servers_os_running_idx on compute.servers
	((os_image ->> 'running_image')) where os_image is not null
		and deleted_at is null;

-- The versions that a server runs, was told to run, or would return to.
create function compute.os_image_needs(d jsonb) returns text[]
language sql immutable as $$
	select array_remove(array[d ->> 'image', d ->> 'running_image',
		d ->> 'good', d #>> '{sw,image}'], null)
$$;

create function compute.os_image_kept() returns trigger
language plpgsql as $$
declare
	n bigint;
begin
	select count(*) into n from compute.servers s
	where s.os_image is not null and s.deleted_at is null
		and new.id::text = any (compute.os_image_needs(s.os_image));
	if n > 0 then
		perform image.refuse('LT409', format('Image %s could not be '
			'deleted because it is in use: %s %s the OS image %s.',
			new.id, n, case n when 1 then 'server uses'
			else 'servers use' end,
			image.os_image_label(new.properties)));
	end if;
	return new;
end
$$;
create trigger os_image_kept before update of deleted_at on image.images
	for each row when (new.deleted_at is not null
		and new.properties ? 'os_image:name')
	execute function compute.os_image_kept();

-- A version (null: the default one) as a project has it: its own, else what it
-- has accepted or administrators publish. A row of nulls: none.
create function compute.os_image_find(p_project text, p_name text,
	p_version text) returns image.images
language sql stable as $$
	select i from image.images i
	where i.properties ? 'os_image:name' and i.deleted_at is null
		and i.properties ->> 'os_image:name' = p_name
		and case when p_version is null
			then i.properties ->> 'os_image:default' = 'true'
			else i.properties ->> 'os_image:version' = p_version end
		and (i.owner = p_project or i.visibility = 'public'
		or i.visibility = 'shared' and exists (
			select from image.members m
			where m.image_id = i.id and m.member = p_project
				and m.status = 'accepted'))
	order by i.owner <> p_project, i.visibility = 'public', i.created_at,
		i.id
	limit 1
$$;

create function compute.os_image_by_id(p_id text) returns image.images
language sql stable as $$
	select i from image.images i
	where i.id = p_id::uuid and i.deleted_at is null
$$;

-- Why no machine can run a version; null: it can.
create function compute.os_image_unfit(i image.images) returns text
language sql stable as $$
	select case when i.id is null then 'there is no such version'
		when i.status <> 'active'
			then format('it is not active but %s', i.status)
		when not coalesce((select y.script from image.systems y
			where y.image_id = i.id), false)
			then format('its start-up script %s is not in its '
			'place', image.os_image_script(i.properties)) end
$$;

-- Whether a host's kind of machine is the image's: containers share OS images,
-- and img_hv_type says which of the two it has to be.
create function compute.host_fits(h compute.hosts, p_image jsonb)
	returns boolean
language sql immutable as $$
	select case h.hypervisor_type when 'LXC'
		then p_image ? 'os_image:name'
			and coalesce(p_image ->> 'img_hv_type', 'lxc') = 'lxc'
		else coalesce(p_image ->> 'img_hv_type', 'qemu') <> 'lxc' end
$$;

-- The same of a server, which is where it is.
create function compute.os_image_unfit_for(s compute.servers, i image.images)
	returns text
language sql stable as $$
	select coalesce(compute.os_image_unfit(i), (
		select format('it is not for machines like those of the host '
			'(%s)', h.hypervisor_type)
		from compute.hosts h
		where h.name = s.host
			and not compute.host_fits(h, i.properties)))
$$;

-- The software that a server sees at /sw: its own wish, else its version's.
create function compute.os_image_software(s compute.servers, i image.images)
	returns jsonb
language plpgsql stable as $$
declare
	wish text := coalesce(nullif(s.metadata ->> 'os_image:sw', ''),
		i.properties ->> 'os_image:sw');
	found image.images := compute.os_image_find(s.project_id,
		split_part(wish, ':', 1), nullif(split_part(wish, ':', 2), ''));
begin
	if wish is null then
		return null;
	elsif found.status is distinct from 'active' then
		perform compute.refuse(409, format('os_image:sw=%s: %s', wish,
			case when found.id is null then 'there is no such '
			'version' else 'it is not active but '
			|| found.status end));
	end if;
	return jsonb_build_object('image', found.id, 'sha512',
		found.os_hash_value, 'label',
		image.os_image_label(found.properties));
end
$$;

-- What the agent has to know of a version.
create function compute.os_image_doc(s compute.servers, i image.images)
	returns jsonb
language sql stable as $$
	select jsonb_strip_nulls(jsonb_build_object('image', i.id,
		'name', i.properties ->> 'os_image:name',
		'label', image.os_image_label(i.properties),
		'sha512', i.os_hash_value,
		'script', image.os_image_script(i.properties),
		'overlays', coalesce(
			nullif(s.metadata ->> 'os_image:overlays', ''),
			i.properties ->> 'os_image:overlays',
			'/etc:16,/var:64,/tmp:32'),
		'timezone', coalesce(
			nullif(s.metadata ->> 'os_image:timezone', ''),
			i.properties ->> 'os_image:timezone'),
		'env', (select jsonb_object_agg(substr(key, 14), value)
			from jsonb_each(i.properties || s.metadata)
			where key like 'os\_image:env.%'),
		'deadline', (i.properties ->> 'os_image:deadline')::int,
		'sw', compute.os_image_software(s, i)))
$$;

-- The version that a server runs instead of one that it cannot: the default
-- one, else, where nothing new was asked for, the last that came up. A row of
-- nulls: there is none.
create function compute.os_image_instead(s compute.servers, p_asked text)
	returns image.images
language plpgsql stable as $$
declare
	i image.images := compute.os_image_find(s.project_id,
		split_part(p_asked, ':', 1), null);
begin
	if s.os_image ->> 'asked' = p_asked
		and compute.os_image_unfit_for(s, i) is not null then
		i := compute.os_image_by_id(s.os_image ->> 'good');
	end if;
	if compute.os_image_unfit_for(s, i) is not null then
		return null;
	end if;
	return i;
end
$$;

-- Where a server returns to that did not come up: the last version that did,
-- the default one only where none ever did. Nothing is tried twice, and a
-- version that came up before is not left for another: then it is not the
-- version that is at fault.
create function compute.os_image_return(s compute.servers)
	returns image.images
language plpgsql stable as $$
declare
	i image.images;
begin
	if s.os_image ? 'good' then
		i := compute.os_image_by_id(s.os_image ->> 'good');
	else
		i := compute.os_image_find(s.project_id,
			s.os_image ->> 'name', null);
	end if;
	if coalesce(s.os_image -> 'tried', '[]') ? i.id::text
		or s.os_image ->> 'image' = i.id::text
		or compute.os_image_unfit_for(s, i) is not null then
		return null;
	end if;
	return i;
end
$$;

-- "name:version", "name" of what is asked for, by when: 'made' and 'rebuilt'
-- with an image, or 'told' to start from scratch; null: no OS image.
create function compute.os_image_asked(s compute.servers, p_when text)
	returns text
language plpgsql stable as $$
declare
	wish text := nullif(s.metadata ->> 'os_image', '');
	given image.images := compute.os_image_by_id(s.image_id::text);
	label text := image.os_image_label(given.properties);
begin
	if p_when = 'told' then
		return case when s.os_image is not null
			then coalesce(wish, s.os_image ->> 'requested') end;
	elsif p_when = 'rebuilt' or wish is null then
		return label;
	elsif given.properties ->> 'os_image:name' is distinct from
		split_part(wish, ':', 1) then
		perform compute.refuse(400, format('os_image=%s: imageRef is '
			'not a version of it.', left(wish, 130)));
	end if;
	return wish;
end
$$;

-- The version that is meant: the image itself where that was named, or where
-- the same was asked for before, else the project's of this name.
create function compute.os_image_meant(s compute.servers, p_when text,
	p_asked text) returns image.images
language plpgsql stable as $$
declare
	i image.images;
	version text := nullif(split_part(p_asked, ':', 2), '');
begin
	if p_when = 'rebuilt' or p_when = 'made'
		and nullif(s.metadata ->> 'os_image', '') is null then
		return compute.os_image_by_id(s.image_id::text);
	elsif p_when = 'told' and version is not null
		and s.os_image ->> 'asked' = p_asked then
		i := compute.os_image_by_id(s.os_image ->> 'meant');
	end if;
	if i.id is null then
		i := compute.os_image_find(s.project_id,
			split_part(p_asked, ':', 1), version);
	end if;
	if i.id is null and version is null and p_when = 'made' then
		i := compute.os_image_by_id(s.image_id::text);
	end if;
	return i;
end
$$;

-- Whoever deletes these images has to wait, and then finds the server.
create function compute.os_image_hold(d jsonb) returns void
language plpgsql as $$
declare
	one text;
begin
	foreach one in array array_remove(array[d ->> 'image',
		d #>> '{sw,image}'], null)
	loop
		perform from image.images x
		where x.id = one::uuid and x.deleted_at is null
		for key share;
		if not found then
			perform compute.refuse(409, format('OS image %s is '
				'being deleted.', one));
		end if;
	end loop;
end
$$;

-- The server with the version that it runs from now on, or 400, 409. The
-- members of os_image besides those of os_image_doc: asked; requested (with its
-- version) and meant (its image); fallback (why it is not that one); running
-- and running_image (of the last start); good (the last image that gave the
-- ready signal); bad and bad_why (the image that could not be run; bad_here: it
-- was this host's fault); tried (images that did not come up since the last
-- that did); state. For one start: target (the image to return to) and again
-- (choose).
create function compute.os_image_choose(s compute.servers, p_when text)
	returns compute.servers
language plpgsql as $$
declare
	asked text := compute.os_image_asked(s, p_when);
	old jsonb := coalesce(s.os_image, '{}');
	back boolean := old ? 'target';
	again boolean := old ? 'again';
	i image.images;
	meant image.images;
	why text;
begin
	if back then
		asked := old ->> 'asked';
	elsif asked is null then
		if p_when <> 'told' then
			s.os_image := null;
			s.metadata := s.metadata - 'os_image';
		end if;
		return s;
	elsif not image.os_image_fits('sw', asked) then
		perform compute.refuse(400, format('os_image: ''%s'' is not '
			'%s', left(asked, 100), image.os_image_form('sw')));
	end if;
	if p_when = 'rebuilt' or old ? 'bad_here' and not again then
		old := old - '{bad,bad_why,bad_here}'::text[];
	end if;
	if not again then
		old := old - 'tried';
	end if;
	meant := compute.os_image_meant(s, p_when, asked);
	i := meant;
	why := compute.os_image_unfit_for(s, i);
	-- What could not be run is tried again when it is asked for anew.
	if why is null and old ->> 'bad' = i.id::text
		and old ->> 'asked' = asked then
		why := old ->> 'bad_why';
		i := compute.os_image_by_id(coalesce(old ->> 'target',
			old ->> 'good'));
		if i.id = meant.id
			or compute.os_image_unfit_for(s, i) is not null then
			i := null;
		end if;
	elsif back then
		i := compute.os_image_by_id(old ->> 'target');
		why := coalesce(why, old ->> 'bad_why');
	elsif why is not null then
		i := null;
	end if;
	if i.id is null then
		i := compute.os_image_instead(s, asked);
	end if;
	-- Rather that than nothing, but for a host that has just failed to.
	if i.id = meant.id and (back or not again) then
		why := null;
	end if;
	if i.id is null or i.id = meant.id and why is not null then
		perform compute.refuse(409, format('os_image=%s: %s, and %s '
			'has no default version.', asked, why,
			split_part(asked, ':', 1)));
	end if;
	s.image_id := i.id;
	s.image_props := i.properties;
	s.config_drive := true;
	if not back then
		s.metadata := s.metadata || jsonb_build_object('os_image',
			asked);
	end if;
	s.os_image := compute.os_image_doc(s, i) || jsonb_strip_nulls(
		jsonb_build_object('asked', asked,
		'requested', coalesce(image.os_image_label(meant.properties),
			asked),
		'meant', meant.id,
		'fallback', case when why is not null then format(
			'%s is not run: %s', coalesce(image.os_image_label(
			meant.properties), asked), why) end,
		'running', old -> 'running',
		'running_image', old -> 'running_image',
		'good', old -> 'good', 'bad', old -> 'bad',
		'bad_why', old -> 'bad_why', 'bad_here', old -> 'bad_here',
		'tried', old -> 'tried', 'again', old -> 'again',
		'state', 'starting'));
	perform compute.os_image_hold(s.os_image);
	return s;
end
$$;

-- The server with what its metadata says of its OS image, which is the truth
-- whoever writes what.
create function compute.os_image_truth(s compute.servers)
	returns compute.servers
language plpgsql immutable as $$
begin
	s.metadata := s.metadata - '{os_image:requested,os_image:running,
			os_image:state,os_image:fallback}'::text[]
		|| jsonb_strip_nulls(jsonb_build_object(
		'os_image:requested', s.os_image ->> 'requested',
		'os_image:running', s.os_image ->> 'running',
		'os_image:state', s.os_image ->> 'state',
		'os_image:fallback', left(s.os_image ->> 'fallback', 255)));
	return s;
end
$$;

-- Wishes in a server's metadata, or 400. A server that has nothing to do with
-- them may have any.
create function compute.os_image_wishes(s compute.servers, p_metadata jsonb)
	returns jsonb
language plpgsql stable as $$
declare
	why text := image.os_image_misfit(p_metadata
		- '{os_image:requested,os_image:running,os_image:state,
		os_image:fallback}'::text[]);
	asked text := nullif(p_metadata ->> 'os_image', '');
begin
	if s.os_image is null then
		return p_metadata;
	elsif why is null and not image.os_image_fits('sw', asked) then
		why := format('os_image: ''%s'' is not %s', left(asked, 100),
			image.os_image_form('sw'));
	end if;
	if why is not null then
		perform compute.refuse(400, why);
	end if;
	return p_metadata;
end
$$;

create function compute.os_image_settle() returns trigger
language plpgsql as $$
begin
	new := compute.os_image_choose(new, tg_argv[0]);
	if tg_argv[0] <> 'told' then
		perform compute.os_image_wishes(new, new.metadata);
	end if;
	new := compute.os_image_truth(new);
	return new;
end
$$;

create function compute.os_image_said() returns trigger
language plpgsql as $$
begin
	-- That it be chosen again was for the triggers before.
	new.os_image := new.os_image - 'again';
	new := compute.os_image_truth(new);
	return new;
end
$$;

-- In the order of their names: which image, what that boots with, what the
-- metadata says of it.
drop trigger boot_settle_made on compute.servers;
drop trigger boot_settle_rebuilt on compute.servers;
drop trigger boot_settle_told on compute.servers;

create trigger settle_1_os_image_made before insert on compute.servers
	for each row when (new.image_id is not null)
	execute function compute.os_image_settle('made');
-- Only a rebuild sets them.
create trigger settle_1_os_image_rebuilt before update of image_props
	on compute.servers
	for each row execute function compute.os_image_settle('rebuilt');
-- Also where it is what it was: a hard reboot may be asked for again.
create trigger settle_1_os_image_told before update of task_state
	on compute.servers
	for each row when (new.os_image is not null
		and not new.os_image ? 'again'
		and new.task_state in ('powering-on', 'rebooting_hard'))
	execute function compute.os_image_settle('told');
create trigger settle_1_os_image_again before update of os_image
	on compute.servers
	for each row when (new.os_image ? 'again')
	execute function compute.os_image_settle('told');

create trigger settle_2_boot_made before insert on compute.servers
	for each row execute function compute.boot_settle('new');
create trigger settle_2_boot_rebuilt before update of image_props
	on compute.servers
	for each row execute function compute.boot_settle('new');
create trigger settle_2_boot_told before update of task_state
	on compute.servers
	for each row when (new.task_state in ('powering-on', 'rebooting_hard'))
	execute function compute.boot_settle('told');
create trigger settle_2_boot_again before update of os_image
	on compute.servers
	for each row when (new.os_image ? 'again')
	execute function compute.boot_settle('told');

create trigger settle_3_os_image_said before update of metadata, os_image
	on compute.servers
	for each row when (new.os_image is not null
		or new.metadata::text like '%"os_image:%')
	execute function compute.os_image_said();

-- As in 0014; the first process of an OS image is its start-up script.
create or replace function compute.boot_settle() returns trigger
language plpgsql as $$
begin
	new.boot := compute.boot_pick(new);
	if new.boot is not null and new.os_image is not null then
		new.boot := new.boot || jsonb_build_object('cmdline',
			compute.boot_cmdline(concat_ws(' ', 'init='
			|| (new.os_image ->> 'script'),
			new.boot ->> 'cmdline')));
	end if;
	if tg_op = 'UPDATE' and new.boot is distinct from old.boot then
		new.boot_digest := null;
		new.boot_built_at := null;
	end if;
	-- Later the host has them, but for another version's.
	if new.boot is null and (tg_argv[0] = 'new'
		or tg_op = 'UPDATE'
			and new.image_props is distinct from old.image_props)
	then
		perform compute.boot_plain_check(new);
	end if;
	return new;
end
$$;

-- A read-only system has no place for them.
create function compute.os_image_no_files() returns trigger
language plpgsql as $$
begin
	perform from compute.servers s
	where s.id = new.subject and s.os_image is not null;
	if found then
		perform compute.refuse(400, 'Files cannot be put into a server '
			'that shares an OS image: give them in user_data, or '
			'put them on its data drive.');
	end if;
	return new;
end
$$;
create trigger os_image_no_files before insert on lite.jobs
	for each row when (new.kind in ('server_create', 'server_rebuild')
		and new.args #> '{files,0}' is not null)
	execute function compute.os_image_no_files();
