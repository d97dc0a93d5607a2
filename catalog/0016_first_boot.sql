-- SPDX-License-Identifier: Apache-2.0
-- What machines get at their first boot: made ahead, given out once. Private
-- parts are sealed (common/crypto/seal.h) with keys that are not here.

create table compute.key_pool (
	id uuid primary key,
	kind text not null,
	sealed text not null,		-- base64
	made_at timestamptz not null default now()
);
create index key_pool_kind_idx on compute.key_pool (kind, made_at);

-- That a server got its own; nothing of it is kept.
create table compute.first_boots (
	server_id uuid primary key,
	given_at timestamptz not null default now()
);

-- Ed25519 keys that sign what is given out; the newest and those that a
-- server which has not booted yet knows.
create table compute.signing_keys (
	kid text primary key,
	x text not null,		-- the public part, base64url
	sealed text not null,
	created_at timestamptz not null default now()
);

create table compute.authorities (
	name text primary key,
	certificate text not null,	-- PEM
	sealed text not null,
	created_at timestamptz not null default now()
);

-- Whose metadata is asked for: the server of an id (of a project, unless null),
-- or the one whose port has an address on a bridge. Inlined by the planner.
create function compute.server_asking(p_id uuid, p_project text, p_ip inet,
	p_bridge text) returns setof uuid
language sql stable as $$
	select s.id
	from compute.servers s
	where s.deleted_at is null
	and ((s.id = p_id and (p_project is null or s.project_id = p_project))
		or s.id = (
			select p.server_id
			from compute.ports p
			join compute.networks n on n.id = p.network_id
			where p.ip = p_ip and n.kind = 'bridge'
			and coalesce(n.bridge, 'lite' || left(n.id::text, 8))
				= p_bridge))
$$;

-- Adds to a kind's stock, unless that is at its high mark: of several who fill
-- it at once none goes beyond.
create function compute.key_pool_add(p_kind text, p_id uuid, p_sealed text,
	p_high int) returns boolean
language plpgsql as $$
begin
	perform pg_advisory_xact_lock(hashtext('compute.key_pool'),
		hashtext(p_kind));
	insert into compute.key_pool (id, kind, sealed)
	select p_id, p_kind, p_sealed
	where (select count(*) from compute.key_pool where kind = p_kind)
		< p_high;
	return found;
end
$$;

-- Records that the server gets its own now. Of two at the same moment the
-- second waits for the first, and is refused. Signing keys that nobody waits
-- for any more are gone for good.
create function compute.first_boot_claim(p_server uuid) returns void
language plpgsql as $$
begin
	insert into compute.first_boots (server_id) values (p_server)
	on conflict do nothing;
	if not found then
		raise exception using errcode = 'LT410', message = 'What this '
			'instance gets at its first boot was given out.';
	end if;
	delete from compute.signing_keys k
	where not exists (select from compute.signing_keys_used() u
		where u.kid = k.kid);
end
$$;

-- The signing keys in use.
create function compute.signing_keys_used()
	returns setof compute.signing_keys
language sql stable as $$
	select k.*
	from compute.signing_keys k
	left join lateral (
		select min(n.created_at) as at
		from compute.signing_keys n
		where n.created_at > k.created_at) next on true
	where next.at is null or exists (
		select from compute.servers s
		where s.created_at < next.at and s.deleted_at is null
			and s.metadata ->> 'first_boot' = 'true'
			and not exists (select from compute.first_boots f
				where f.server_id = s.id))
	order by k.created_at desc, k.kid
$$;

-- Makes the servers that a request makes, or makes anew, ready for their first
-- boot where their property first_boot asks for it; p_files are those that
-- bring the agent (as in the jobs; the client's own stand). The agent knows
-- whom to believe from the config drive. Says whether files were added.
create function compute.first_boot_prepare(p_request text, p_files jsonb)
	returns boolean
language plpgsql as $$
begin
	if exists (
		select from lite.jobs j
		join compute.servers s on s.id = j.subject
		where j.request_id = p_request and s.config_drive
		and s.metadata ->> 'first_boot' = 'cloud-init') then
		perform compute.refuse(400, 'first_boot=cloud-init needs a '
			'server without a config drive: cloud-init would not '
			'ask the metadata service.');
	end if;
	update compute.servers s
	set config_drive = true
	from lite.jobs j
	where j.request_id = p_request and s.id = j.subject
	and s.metadata ->> 'first_boot' = 'true';
	update lite.jobs j
	set args = jsonb_set(j.args, '{files}', j.args -> 'files' || (
		select coalesce(jsonb_agg(f.value order by f.at), '[]')
		from jsonb_array_elements(p_files)
			with ordinality f (value, at)
		where not j.args -> 'files' @> jsonb_build_array(
			jsonb_build_object('path', f.value -> 'path'))))
	from compute.servers s
	where j.request_id = p_request and s.id = j.subject
	and s.metadata ->> 'first_boot' = 'true';
	return found;
end
$$;
