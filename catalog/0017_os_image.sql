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
			and v !~ '^/(data|sw|proc|sys|dev|run)[/:]'
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

-- A start that is to be followed by a ready signal. due: when the machine was
-- started, the time by which.
create table compute.os_starts (
	server_id uuid primary key references compute.servers on delete cascade,
	token text not null,		-- the machine shows it
	due timestamptz
);

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

-- Where a server goes whose version cannot be run: what did not come up gives
-- way to the last good one, all else to the default.
create function compute.os_image_instead(s compute.servers, p_name text,
	p_failed uuid, p_back boolean) returns image.images
language plpgsql stable as $$
declare
	i image.images;
begin
	if p_back and s.os_image ? 'good' then
		i := compute.os_image_by_id(s.os_image ->> 'good');
		if i.id is distinct from p_failed
			and compute.os_image_unfit(i) is null then
			return i;
		end if;
	end if;
	i := compute.os_image_find(s.project_id, p_name, null);
	if i.id is distinct from p_failed
		and compute.os_image_unfit(i) is null then
		return i;
	end if;
	return null;
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

-- The server with the version that it runs from now on, or 400, 409. The
-- members of os_image besides those of os_image_doc: asked, requested (with
-- its version), fallback (why it is not that one), running and running_image
-- (of the last start), good (the last image that gave the ready signal), bad
-- and bad_why (the image that did not), state.
create function compute.os_image_choose(s compute.servers, p_when text)
	returns compute.servers
language plpgsql as $$
declare
	asked text := compute.os_image_asked(s, p_when);
	old jsonb := coalesce(s.os_image, '{}');
	name text := split_part(asked, ':', 1);
	i image.images;
	first image.images;
	why text;
	back boolean := false;
begin
	if asked is null then
		if p_when <> 'told' then
			s.os_image := null;
			s.metadata := s.metadata - 'os_image';
		end if;
		return s;
	elsif not image.os_image_fits('sw', asked) then
		perform compute.refuse(400, format('os_image: ''%s'' is not '
			'%s', left(asked, 100), image.os_image_form('sw')));
	end if;
	i := compute.os_image_find(s.project_id, name,
		nullif(split_part(asked, ':', 2), ''));
	if i.id is null and asked = name and p_when = 'made' then
		i := compute.os_image_by_id(s.image_id::text);
	end if;
	first := i;
	why := compute.os_image_unfit(i);
	if p_when = 'rebuilt' then
		old := old - '{bad,bad_why}'::text[];
	elsif why is null and old ->> 'bad' = i.id::text
		and old ->> 'asked' = asked then
		why := old ->> 'bad_why';
		back := true;
	end if;
	if why is not null then
		i := compute.os_image_instead(s, name, i.id, back);
		if i.id is null then
			perform compute.refuse(409, format('os_image=%s: %s, '
				'and %s has no default version.', asked, why,
				name));
		end if;
	end if;
	-- Whoever deletes it has to wait, and then finds the server.
	perform from image.images x where x.id = i.id and x.deleted_at is null
	for key share;
	if not found then
		perform compute.refuse(409, format('os_image=%s: it is being '
			'deleted.', asked));
	end if;
	s.image_id := i.id;
	s.image_props := i.properties;
	s.config_drive := true;
	s.metadata := s.metadata || jsonb_build_object('os_image', asked);
	s.os_image := compute.os_image_doc(s, i) || jsonb_strip_nulls(
		jsonb_build_object('asked', asked,
		'requested', coalesce(image.os_image_label(first.properties),
			asked),
		'fallback', case when why is not null then format(
			'%s is not run: %s', coalesce(image.os_image_label(
			first.properties), asked), why) end,
		'running', old ->> 'running',
		'running_image', old ->> 'running_image',
		'good', old ->> 'good', 'bad', old ->> 'bad',
		'bad_why', old ->> 'bad_why', 'state', 'starting'));
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
	-- Later the host has them.
	if new.boot is null and tg_argv[0] = 'new' then
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

-- -- starts ---------------------------------------------------------------

-- A start begins; the machine is given the token.
create function compute.os_image_begin(p_server uuid, p_token text)
	returns void
language sql as $$
	insert into compute.os_starts (server_id, token)
	values (p_server, p_token)
	on conflict (server_id) do update set token = p_token, due = null;
	update compute.servers
	set os_image = os_image || '{"state": "starting"}'
	where id = p_server and os_image is not null;
$$;

-- The machine is on, since now, with so many seconds (0: it will not say when
-- it is ready) unless the image has its own.
create function compute.os_image_started(p_server uuid, p_seconds int)
	returns void
language plpgsql as $$
declare
	s compute.servers;
	seconds int;
begin
	update compute.servers
	set os_image = os_image || jsonb_build_object('running',
		os_image ->> 'label', 'running_image', os_image ->> 'image')
	where id = p_server and os_image is not null
	returning * into s;
	seconds := coalesce((s.os_image ->> 'deadline')::int, p_seconds);
	update compute.os_starts set due = now() + seconds * interval '1 s'
	where server_id = p_server and seconds > 0;
	if seconds = 0 then
		perform compute.os_image_ready(p_server, t.token)
		from compute.os_starts t where t.server_id = p_server;
	end if;
end
$$;

-- The ready signal: false when it is not that of this start.
create function compute.os_image_ready(p_server uuid, p_token text)
	returns boolean
language plpgsql as $$
begin
	-- The server first, as everyone does.
	perform from compute.servers where id = p_server for update;
	delete from compute.os_starts
	where server_id = p_server and token = p_token;
	if not found then
		return false;
	end if;
	update compute.servers
	set os_image = (case when os_image ->> 'bad' = os_image ->> 'image'
			then os_image - '{bad,bad_why}'::text[]
			else os_image end) || jsonb_build_object(
		'state', 'ready', 'good', os_image ->> 'image',
		'running', os_image ->> 'label',
		'running_image', os_image ->> 'image'), updated_at = now()
	where id = p_server and os_image is not null;
	return true;
end
$$;

-- A server without a ready signal goes back where it can; returns what is said
-- of it.
create function compute.os_image_give_up(s compute.servers) returns text
language plpgsql as $$
declare
	who jsonb := jsonb_build_object('request_id', 'req-'
		|| gen_random_uuid(), 'user_id', s.user_id,
		'project_id', s.project_id);
	why text := 'it gave no ready signal in time';
	said text := format('%s gave no ready signal in time',
		s.os_image ->> 'label');
	target image.images := compute.os_image_instead(s,
		s.os_image ->> 'name', (s.os_image ->> 'image')::uuid, true);
begin
	if target.id is null then
		said := said || '; there is no version to return to';
		update compute.servers
		set os_image = os_image || '{"state": "overdue"}'
		where id = s.id;
		insert into compute.actions (server_id, action, request_id,
			user_id, project_id, message)
		values (s.id, 'os_image_overdue', who ->> 'request_id',
			s.user_id, s.project_id, said);
		return said;
	end if;
	said := format('%s; back to %s', said,
		image.os_image_label(target.properties));
	update compute.servers set os_image = os_image || jsonb_build_object(
		'bad', os_image ->> 'image', 'bad_why', why, 'again', true)
	where id = s.id;
	update compute.servers set task_state = 'rebooting_hard',
		updated_at = now()
	where id = s.id;
	perform compute.server_job(s, 'os_image_fallback', 'server_reboot',
		'{"type": "HARD"}', who);
	update compute.actions set message = said
	where server_id = s.id and request_id = who ->> 'request_id';
	return said;
end
$$;

-- The host's servers whose time is over.
create function compute.os_image_overdue(p_host text)
	returns table (server text, said text)
language plpgsql as $$
declare
	s compute.servers;
begin
	for s in
		select x.* from compute.os_starts t
		join compute.servers x on x.id = t.server_id
		where t.due < now() and x.host = p_host
			and x.deleted_at is null and x.task_state is null
			and not exists (select from lite.jobs j
				where j.subject = x.id)
		for update of x skip locked
	loop
		delete from compute.os_starts t
		where t.server_id = s.id and t.due < now();
		if found then
			server := s.id::text;
			said := compute.os_image_give_up(s);
			return next;
		end if;
	end loop;
end
$$;

-- The version that a host cannot bring (why) gives way to another, or 409.
create function compute.os_image_lost(p_server uuid, p_image uuid,
	p_why text) returns void
language sql as $$
	update compute.servers set os_image = os_image || jsonb_build_object(
		'bad', p_image, 'bad_why', p_why, 'again', true)
	where id = p_server and os_image ->> 'image' = p_image::text;
$$;

-- -- Nova's checks --------------------------------------------------------

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

-- As in 0005, on a host that fits.
create or replace function compute.host_pick(s compute.servers, p_host text,
	p_node text) returns text
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
		and compute.host_fits(h, s.image_props)
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

-- As in 0005, but what is shared needs no room on the server's own disk.
create or replace function compute.image_pick(p_image uuid, p_project text,
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
	elsif image.status <> 'active'
		and not image.properties ? 'os_image:name' then
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
	elsif room > 0 and image.size > room
		and not image.properties ? 'os_image:name' then
		raise exception using errcode = 'LT400', message = format(
			'Flavor''s disk is too small for requested image. '
			'Flavor disk is %s bytes, image is %s bytes.',
			room, image.size);
	end if;
	return image.properties;
end
$$;
