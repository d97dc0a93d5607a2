-- SPDX-License-Identifier: Apache-2.0
-- Servers that share OS images are started, say that they are ready, or go
-- back; and which hosts are for them.

-- A start that is to be followed by a ready signal. due: when the machine was
-- started, the time by which.
create table compute.os_starts (
	server_id uuid primary key references compute.servers on delete cascade,
	token text not null,		-- the machine shows it
	image_id uuid not null,		-- what is started
	label text not null,
	due timestamptz
);

-- A start of an image begins; the machine is given the token.
create function compute.os_image_begin(p_server uuid, p_token text,
	p_image uuid, p_label text) returns void
language sql as $$
	-- The server first, as everyone does.
	update compute.servers
	set os_image = os_image || '{"state": "starting"}'
	where id = p_server and os_image is not null;
	insert into compute.os_starts (server_id, token, image_id, label)
	values (p_server, p_token, p_image, p_label)
	on conflict (server_id) do update set token = p_token, due = null,
		image_id = p_image, label = p_label;
$$;

-- The machine is on, since now, with so many seconds (0: it will not say when
-- it is ready) unless the image has its own.
create function compute.os_image_started(p_server uuid, p_seconds int)
	returns void
language plpgsql as $$
declare
	s compute.servers;
	t compute.os_starts;
	seconds int;
begin
	select * into s from compute.servers
	where id = p_server and os_image is not null for update;
	select * into t from compute.os_starts where server_id = p_server;
	-- It has said already that it is ready.
	if s.id is null or t.server_id is null then
		return;
	end if;
	update compute.servers
	set os_image = os_image || jsonb_build_object('running', t.label,
		'running_image', t.image_id)
	where id = p_server;
	seconds := coalesce((s.os_image ->> 'deadline')::int, p_seconds);
	if seconds = 0 then
		perform compute.os_image_ready(p_server, t.token);
	else
		update compute.os_starts
		set due = now() + seconds * interval '1 s'
		where server_id = p_server;
	end if;
end
$$;

-- The ready signal: false when it is not that of this start. What is said to be
-- good is what was started, whatever the server was told meanwhile.
create function compute.os_image_ready(p_server uuid, p_token text)
	returns boolean
language plpgsql as $$
declare
	t compute.os_starts;
begin
	perform from compute.servers where id = p_server for update;
	delete from compute.os_starts
	where server_id = p_server and token = p_token
	returning * into t;
	if not found then
		return false;
	end if;
	update compute.servers
	set os_image = (case when os_image ->> 'bad' = t.image_id::text
			then os_image - '{bad,bad_why,bad_here,tried}'::text[]
			else os_image - 'tried' end) || jsonb_build_object(
		'state', case when os_image ->> 'image' = t.image_id::text
			then 'ready' else os_image ->> 'state' end,
		'good', t.image_id, 'running', t.label,
		'running_image', t.image_id), updated_at = now()
	where id = p_server and os_image is not null;
	return true;
end
$$;

-- Records what the watch did to a server, as an action of its owner's; returns
-- the action's request.
create function compute.os_image_act(s compute.servers, p_action text,
	p_said text) returns jsonb
language plpgsql as $$
declare
	who jsonb := jsonb_build_object('request_id', 'req-'
		|| gen_random_uuid(), 'user_id', s.user_id,
		'project_id', s.project_id);
begin
	insert into compute.actions (server_id, action, request_id, user_id,
		project_id, message)
	values (s.id, p_action, who ->> 'request_id', s.user_id, s.project_id,
		p_said);
	return who;
end
$$;

-- Sends a server back to a version; false: that cannot be started either, as
-- things are.
create function compute.os_image_go_back(s compute.servers,
	target image.images, p_said text) returns boolean
language plpgsql as $$
declare
	who jsonb;
begin
	update compute.servers set task_state = 'rebooting_hard',
		updated_at = now(), os_image = os_image || jsonb_build_object(
		'bad', os_image ->> 'image', 'bad_why',
		'it gave no ready signal in time', 'target', target.id,
		'tried', coalesce(os_image -> 'tried', '[]')
			|| jsonb_build_array(os_image ->> 'image'),
		'again', true)
	where id = s.id;
	who := compute.os_image_act(s, 'os_image_fallback', p_said);
	insert into lite.jobs (kind, host, subject, args, request_id)
	values ('server_reboot', s.host, s.id, '{"type": "HARD"}',
		who ->> 'request_id');
	return true;
exception when others then
	if sqlstate not like 'LT%' then
		raise;
	end if;
	return false;
end
$$;

-- A server without a ready signal goes back where it can; returns what is said
-- of it.
create function compute.os_image_give_up(s compute.servers) returns text
language plpgsql as $$
declare
	said text := format('%s gave no ready signal in time',
		s.os_image ->> 'label');
	target image.images := compute.os_image_return(s);
	back text := format('%s; back to %s', said,
		image.os_image_label(target.properties));
begin
	if target.id is not null
		and compute.os_image_go_back(s, target, back) then
		return back;
	end if;
	said := said || '; there is no version to return to';
	update compute.servers set os_image = os_image
		|| '{"state": "overdue"}'
	where id = s.id;
	perform compute.os_image_act(s, 'os_image_overdue', said);
	return said;
end
$$;

-- The host's servers whose time is over. One that went off by itself before it
-- was ready has not come up, either; who is told to stop is not waited for.
create function compute.os_image_overdue(p_host text)
	returns table (server text, said text)
language plpgsql as $$
declare
	s compute.servers;
	t compute.os_starts;
begin
	for s in
		select x.* from compute.os_starts w
		join compute.servers x on x.id = w.server_id
		where w.due < now() and x.host = p_host
			and x.deleted_at is null and x.task_state is null
			and x.os_image is not null
			and x.vm_state in ('active', 'stopped')
			and not exists (select from lite.jobs j
				where j.subject = x.id)
		for update of x skip locked
	loop
		delete from compute.os_starts w
		where w.server_id = s.id and w.due < now()
		returning * into t;
		continue when not found;
		server := s.id::text;
		said := compute.os_image_give_up(s);
		-- What is left on may say it later.
		t.due := 'infinity';
		insert into compute.os_starts
		select t.* from compute.servers x
		where x.id = s.id and x.os_image ->> 'state' = 'overdue';
		return next;
	end loop;
end
$$;

-- A start failed before the machine was on, and nothing will say that it is
-- ready: it goes back at once, unless (p_gone) there is no machine any more.
create function compute.os_image_failed(p_server uuid, p_gone boolean)
	returns void
language sql as $$
	delete from compute.os_starts where server_id = p_server and p_gone;
	update compute.os_starts set due = now()
	where server_id = p_server and due is null;
$$;

-- The version that a host cannot bring (why) gives way to another, or 409.
create function compute.os_image_lost(p_server uuid, p_image uuid,
	p_why text) returns void
language sql as $$
	update compute.servers set os_image = os_image || jsonb_build_object(
		'bad', p_image, 'bad_why', p_why, 'bad_here', true,
		'again', true)
	where id = p_server and os_image ->> 'image' = p_image::text;
$$;

-- As in 0005; nobody waits for it.
create or replace function compute.server_gone(p_id uuid) returns void
language sql as $$
	delete from compute.ports where server_id = p_id;
	update compute.servers set deleted_at = now(), terminated_at = now(),
		updated_at = now(), vm_state = 'deleted', task_state = null,
		power_state = 0, user_data = null, admin_pass_hash = null
	where id = p_id;
	delete from compute.os_starts where server_id = p_id;
$$;

-- -- Nova's checks --------------------------------------------------------

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
