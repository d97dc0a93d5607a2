-- SPDX-License-Identifier: Apache-2.0
-- OS images on many hosts, and under many servers: what hosts keep, fleets that
-- are switched to another version.

-- -- hosts ----------------------------------------------------------------

-- What a host has in its cache of images, or is to have.
create table compute.image_hosts (
	image_id uuid not null,
	host text not null,
	state text not null check (state in ('queued', 'fetching', 'ready',
		'failed')),
	message text,			-- why it failed
	used_at timestamptz not null default now(),
	constraint image_hosts_pkey primary key (image_id, host)
);

-- Nova's call for the cache of an aggregate's hosts. Returns the hosts whose
-- agents have a job now.
create function compute.image_cache(p_aggregate bigint, p_images uuid[],
	p_request text) returns setof text
language plpgsql as $$
declare
	a compute.aggregates;
	one text;
	image uuid;
begin
	select * into a from compute.aggregates x where x.id = p_aggregate;
	if not found then
		perform compute.refuse(404, format('Aggregate %s could not be '
			'found.', p_aggregate));
	end if;
	foreach one in array a.hosts loop
		foreach image in array p_images loop
			insert into compute.image_hosts (image_id, host, state)
			values (image, one, 'queued')
			on conflict (image_id, host) do update
			set used_at = now(), message = null, state = case
				when image_hosts.state = 'ready' then 'ready'
				else 'queued' end;
			-- Hosts do not wait for each other.
			insert into lite.jobs (kind, host, subject, args,
				request_id)
			values ('image_cache', one,
				md5(image::text || one)::uuid,
				jsonb_build_object('image', image), p_request);
		end loop;
		return next one;
	end loop;
end
$$;

-- The OS images that leave a host's cache: no server of the host uses them,
-- and nobody has asked for them for so long.
create function compute.image_host_collect(p_host text, p_seconds int)
	returns setof uuid
language sql as $$
	delete from compute.image_hosts h
	using image.images i
	where h.host = p_host and h.state <> 'queued'
		and h.used_at < now() - p_seconds * interval '1 s'
		and i.id = h.image_id and i.properties ? 'os_image:name'
		and not exists (select from compute.servers s
			where s.host = p_host and s.deleted_at is null
				and s.os_image is not null and h.image_id::text
				= any (compute.os_image_needs(s.os_image)))
	returning h.image_id
$$;

-- -- names ----------------------------------------------------------------

-- The OS images that a project may run (p_all: any), or the one of a name:
-- [{name, versions}]. Where they are is for administrators.
create function compute.os_image_list(p_project text, p_all boolean,
	p_name text) returns jsonb
language sql stable as $$
	select coalesce(jsonb_agg(jsonb_build_object('name', n.name,
		'versions', n.versions) order by n.name), '[]')
	from (
		select i.properties ->> 'os_image:name' as name,
			jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
				'version', i.properties ->> 'os_image:version',
				'image_id', i.id, 'status', i.status,
				'project_id', i.owner,
				'default', coalesce(i.properties
					->> 'os_image:default', 'false')
					= 'true',
				'unfit', compute.os_image_unfit(i),
				'servers', (select count(*)
					from compute.servers s
					where s.deleted_at is null
					and (p_all or s.project_id = p_project)
					and s.os_image ->> 'running_image'
						= i.id::text),
				'hosts', case when p_all then (
					select coalesce(jsonb_agg(
						jsonb_strip_nulls(
						jsonb_build_object(
						'host', h.host,
						'state', h.state,
						'message', h.message))
						order by h.host), '[]')
					from compute.image_hosts h
					where h.image_id = i.id) end))
				order by i.created_at, i.id) as versions
		from image.images i
		where i.properties ? 'os_image:name' and i.deleted_at is null
			and (p_name is null
				or i.properties ->> 'os_image:name' = p_name)
			and (p_all or i.owner = p_project
				or i.visibility = 'public'
				or i.visibility = 'shared' and exists (
					select from image.members m
					where m.image_id = i.id
						and m.member = p_project
						and m.status = 'accepted'))
		group by 1) n
$$;

-- -- switches -------------------------------------------------------------

create table compute.os_switches (
	id uuid primary key default gen_random_uuid(),
	name text not null,
	from_version text,		-- null: any other
	to_version text not null,
	batch int not null check (batch > 0),
	max_failures int not null check (max_failures >= 0),
	state text not null default 'running' check (state in ('running',
		'stopped', 'done')),
	reason text,			-- why it is stopped
	scope text,			-- project; null: all projects
	who jsonb not null,		-- as in server_job
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
-- At any time a name has one switch.
create unique index os_switches_running_key on compute.os_switches
	(name, coalesce(scope, '')) where state = 'running';

create table compute.os_switch_servers (
	switch_id uuid not null references compute.os_switches
		on delete cascade,
	server_id uuid not null,
	nth bigint not null,		-- in this order
	state text not null default 'waiting' check (state in ('waiting',
		'switching', 'done', 'rolled_back', 'failed')),
	message text,
	constraint os_switch_servers_pkey primary key (switch_id, server_id)
);

-- (Volatile: it must see what the statement has just written.)
create function compute.os_switch_doc(w compute.os_switches, p_all boolean)
	returns jsonb
language sql as $$
	select jsonb_build_object('id', w.id, 'name', w.name,
		'from', w.from_version, 'to', w.to_version, 'batch', w.batch,
		'max_failures', w.max_failures, 'state', w.state,
		'reason', w.reason,
		'created_at', to_char(w.created_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'updated_at', to_char(w.updated_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'progress', (
			select jsonb_object_agg(x.state, (select count(*)
				from compute.os_switch_servers t
				where t.switch_id = w.id
					and t.state = x.state))
			from unnest('{waiting,switching,done,rolled_back,
				failed}'::text[]) x (state)))
		|| case when p_all then jsonb_build_object('servers', (
			select coalesce(jsonb_agg(jsonb_build_object(
				'id', t.server_id, 'state', t.state,
				'message', t.message) order by t.nth), '[]')
			from compute.os_switch_servers t
			where t.switch_id = w.id))
		else '{}' end
$$;

-- Begins to switch the servers that run a version to another one.
create function compute.os_switch_create(p jsonb, p_scope text, who jsonb)
	returns compute.os_switches
language plpgsql as $$
declare
	w compute.os_switches;
	target image.images := compute.os_image_find(
		coalesce(p_scope, who ->> 'project_id'), p ->> 'name',
		p ->> 'to');
	why text := compute.os_image_unfit(target);
begin
	if why is not null then
		perform compute.refuse(409, format('OS image %s:%s: %s.',
			p ->> 'name', p ->> 'to', why));
	end if;
	insert into compute.os_switches (name, from_version, to_version,
		batch, max_failures, scope, who)
	values (p ->> 'name', p ->> 'from', p ->> 'to', (p ->> 'batch')::int,
		(p ->> 'max_failures')::int, p_scope, who)
	returning * into w;
	insert into compute.os_switch_servers (switch_id, server_id, nth)
	select w.id, s.id, row_number() over (order by s.created_at, s.id)
	from compute.servers s
	where s.os_image ->> 'name' = w.name and s.deleted_at is null
		and s.os_image is not null
		and (p_scope is null or s.project_id = p_scope)
		and (w.from_version is null or s.os_image ->> 'running'
			= w.name || ':' || w.from_version)
		and s.os_image ->> 'running_image' is distinct from
			target.id::text
		-- Of another project's name the servers are not meant.
		and (compute.os_image_find(s.project_id, w.name,
			w.to_version)).id = target.id;
	return w;
end
$$;

-- The switch, locked, or 404.
create function compute.os_switch_lock(p_id uuid, p_name text, p_scope text)
	returns compute.os_switches
language plpgsql as $$
declare
	w compute.os_switches;
begin
	select * into w from compute.os_switches x
	where x.id = p_id and x.name = p_name
		and (p_scope is null or x.scope = p_scope)
	for update;
	if not found then
		perform compute.refuse(404, format('Switch %s of the OS image '
			'%s could not be found.', p_id, p_name));
	end if;
	return w;
end
$$;

create function compute.os_switch_stop(p_id uuid, p_name text, p_scope text,
	p_who jsonb)
	returns compute.os_switches
language plpgsql as $$
declare
	w compute.os_switches := compute.os_switch_lock(p_id, p_name, p_scope);
begin
	if w.state <> 'running' then
		perform compute.refuse(409, format('The switch is not running '
			'but %s.', w.state));
	end if;
	update compute.os_switches set state = 'stopped', updated_at = now(),
		reason = 'it was told to stop', who = p_who
	where id = w.id returning * into w;
	return w;
end
$$;

-- Goes on where it stopped, and tries again what failed.
create function compute.os_switch_resume(p_id uuid, p_name text, p_scope text,
	p_who jsonb) returns compute.os_switches
language plpgsql as $$
declare
	w compute.os_switches := compute.os_switch_lock(p_id, p_name, p_scope);
begin
	if w.state <> 'stopped' then
		perform compute.refuse(409, format('The switch is not stopped '
			'but %s.', w.state));
	end if;
	update compute.os_switches set state = 'running', reason = null,
		who = p_who, updated_at = now()
	where id = w.id returning * into w;
	update compute.os_switch_servers set state = 'waiting', message = null
	where switch_id = w.id and state in ('rolled_back', 'failed');
	return w;
end
$$;

-- What became of a server that is being switched: null as long as nothing is
-- known.
create function compute.os_switch_outcome(w compute.os_switches,
	s compute.servers, out state text, out message text)
language plpgsql stable as $$
declare
	label text := w.name || ':' || w.to_version;
begin
	if s.id is null or s.deleted_at is not null then
		state := 'failed';
		message := 'it was deleted';
	elsif s.os_image ->> 'requested' = label
		and s.os_image ? 'fallback' then
		state := 'rolled_back';
		message := s.os_image ->> 'fallback';
	elsif s.os_image ->> 'state' = 'overdue' then
		state := 'failed';
		message := 'it gave no ready signal in time, and has no '
			'version to return to';
	elsif s.task_state is not null or exists (select from lite.jobs j
			where j.subject = s.id) then
		null;
	elsif s.os_image ->> 'running' = label
		and s.os_image ->> 'state' = 'ready' then
		state := 'done';
	elsif not exists (select from compute.os_starts t
			where t.server_id = s.id) then
		state := 'failed';
		message := coalesce(s.fault ->> 'message',
			'it was told something else meanwhile');
	end if;
end
$$;

-- Has a server run the version. One that is off does so when it is started.
create function compute.os_switch_begin(w compute.os_switches, p_server uuid,
	out state text, out message text)
language plpgsql as $$
declare
	s compute.servers;
begin
	update compute.servers x set os_image = x.os_image
			- '{bad,bad_why,bad_here}'::text[],
		metadata = x.metadata || jsonb_build_object('os_image',
			w.name || ':' || w.to_version)
	where x.id = p_server and x.deleted_at is null
	returning * into s;
	if s.vm_state = 'stopped' and s.task_state is null then
		state := 'done';
		message := 'it is off, and runs it when it is started';
		return;
	end if;
	perform compute.server_command(p_server, w.scope, 'reboot',
		'{active,paused,suspended,error}', '{}', 'rebooting_hard',
		'{"type": "HARD"}', w.who);
	state := 'switching';
exception when others then
	if sqlstate not like 'LT%' then
		raise;
	end if;
	state := 'failed';
	message := sqlerrm;
end
$$;

-- One turn of a switch, which is locked: what is known of the batch under way,
-- and the next one when that is over.
create function compute.os_switch_advance(w compute.os_switches) returns void
language plpgsql as $$
declare
	t compute.os_switch_servers;
	lost int;
	busy int;
	room int;
begin
	update compute.os_switch_servers x
	set state = o.state, message = o.message
	from compute.os_switch_servers y
	left join compute.servers s on s.id = y.server_id
	cross join lateral compute.os_switch_outcome(w, s) o
	where y.switch_id = w.id and y.state = 'switching'
		and x.switch_id = w.id and x.server_id = y.server_id
		and o.state is not null;
	select case when count(*) = 0 then w.batch else 0 end into room
	from compute.os_switch_servers x
	where x.switch_id = w.id and x.state = 'switching';
	loop
		select count(*) filter (where x.state in ('rolled_back',
				'failed')),
			count(*) filter (where x.state = 'switching')
		into lost, busy
		from compute.os_switch_servers x where x.switch_id = w.id;
		select * into t from compute.os_switch_servers x
		where x.switch_id = w.id and x.state = 'waiting'
		order by x.nth limit 1;
		exit when w.state <> 'running' or lost > w.max_failures
			or room = 0 or t.server_id is null;
		room := room - 1;
		update compute.os_switch_servers x
		set (state, message) = (select b.state, b.message
			from compute.os_switch_begin(w, t.server_id) b)
		where x.switch_id = w.id and x.server_id = t.server_id;
	end loop;
	update compute.os_switches x set updated_at = now(),
		state = case when lost > w.max_failures then 'stopped'
			else 'done' end,
		reason = case when lost > w.max_failures then format(
			'%s of the servers did not come up, and %s may fail',
			lost, w.max_failures) end
	where x.id = w.id and w.state = 'running'
		and (lost > w.max_failures
			or busy = 0 and t.server_id is null);
end
$$;

-- One turn of every switch that nobody else is at.
create function compute.os_switch_turn() returns void
language plpgsql as $$
declare
	w compute.os_switches;
begin
	for w in
		select * from compute.os_switches x
		where x.state = 'running' or exists (
			select from compute.os_switch_servers t
			where t.switch_id = x.id and t.state = 'switching')
		for update skip locked
	loop
		perform compute.os_switch_advance(w);
	end loop;
end
$$;
