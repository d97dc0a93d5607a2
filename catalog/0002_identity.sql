-- SPDX-License-Identifier: Apache-2.0
-- Identity: domains and projects, users, groups, roles and who has them where,
-- the service catalog, revocations.
create schema identity;

-- A domain is a project that holds others: is_domain, no domain_id, no parent.
-- Every other project has its domain as domain_id and as topmost parent.
create table identity.projects (
	id text primary key check (length(id) between 1 and 64),
	name text not null,
	is_domain boolean not null default false,
	domain_id text references identity.projects on delete cascade,
	parent_id text references identity.projects,
	enabled boolean not null default true,
	description text not null default '',
	tags text[] not null default '{}',
	options jsonb not null default '{}',
	extra jsonb not null default '{}',	-- whatever else the client sent
	created_at timestamptz not null default now(),
	constraint projects_shape_check
		check (is_domain = (domain_id is null)
		       and is_domain = (parent_id is null))
);
create unique index projects_name_key on identity.projects (domain_id, name)
	where not is_domain;
create unique index domains_name_key on identity.projects (name)
	where is_domain;
create index projects_parent_idx on identity.projects (parent_id);

-- A project's place, as ids inside ids: {"parent": {"its parent": null}}, and
-- {"child": {"its child": null}, ...}; null where there is nothing.
create function identity.project_parents(project text) returns jsonb
language plpgsql stable as $$
declare
	up text;
begin
	select p.parent_id into up from identity.projects p
	where p.id = project;
	return case when up is not null then
		jsonb_build_object(up, identity.project_parents(up)) end;
end
$$;
create function identity.project_subtree(project text) returns jsonb
language plpgsql stable as $$
begin
	return (select jsonb_object_agg(p.id, identity.project_subtree(p.id))
		from identity.projects p where p.parent_id = project);
end
$$;

create table identity.users (
	id text primary key check (length(id) between 1 and 64),
	domain_id text not null constraint users_domain_fkey
		references identity.projects on delete cascade,
	name text not null,
	enabled boolean not null default true,
	default_project_id text,		-- may be gone: then unscoped
	password_hash text,			-- null: no password, no log-in
	password_expires_at timestamptz,
	failed_logins int not null default 0,	-- in a row
	failed_at timestamptz,			-- the last of them
	options jsonb not null default '{}',
	extra jsonb not null default '{}',	-- email, description, ...
	created_at timestamptz not null default now(),
	constraint users_name_key unique (domain_id, name)
);

-- What must not be used again; kept while [security_compliance]
-- unique_last_password_count asks for it, the newest last.
create table identity.password_history (
	id bigint generated always as identity primary key,
	user_id text not null references identity.users on delete cascade,
	password_hash text not null
);
create index password_history_user_idx
	on identity.password_history (user_id, id);

create table identity.groups (
	id text primary key,
	domain_id text not null
		references identity.projects on delete cascade,
	name text not null,
	description text not null default '',
	extra jsonb not null default '{}',
	constraint groups_name_key unique (domain_id, name)
);
create table identity.group_members (
	group_id text not null references identity.groups on delete cascade,
	user_id text not null references identity.users on delete cascade,
	constraint group_members_pkey primary key (group_id, user_id)
);
create index group_members_user_idx on identity.group_members (user_id);

create table identity.roles (
	id text primary key,
	name text not null,
	domain_id text references identity.projects on delete cascade,
	description text,
	options jsonb not null default '{}',
	extra jsonb not null default '{}',
	constraint roles_name_key unique nulls not distinct (name, domain_id)
);
-- Who has the prior role has the implied one, and so on.
create table identity.implied_roles (
	prior_id text not null references identity.roles on delete cascade,
	implied_id text not null references identity.roles on delete cascade,
	constraint implied_roles_pkey primary key (prior_id, implied_id)
);

-- A role of a user or of a group's members, on a project or domain (target_id)
-- or on the system (null). An inherited one holds for what is below the
-- target, and not for the target.
create table identity.assignments (
	role_id text not null references identity.roles on delete cascade,
	user_id text references identity.users on delete cascade,
	group_id text references identity.groups on delete cascade,
	target_id text references identity.projects on delete cascade,
	inherited boolean not null default false,
	constraint assignments_actor_check
		check (num_nonnulls(user_id, group_id) = 1),
	constraint assignments_system_check
		check (target_id is not null or not inherited),
	constraint assignments_key unique nulls not distinct
		(user_id, group_id, target_id, role_id, inherited)
);
create index assignments_group_idx on identity.assignments (group_id)
	where group_id is not null;
create index assignments_target_idx on identity.assignments (target_id);
create index assignments_role_idx on identity.assignments (role_id);

-- The roles of a user on a project or domain (null: on the system): direct, by
-- group, inherited from above, and all that these imply. A role of a domain
-- only implies: it is never in force itself.
create function identity.effective_roles(who text, target text)
returns table (id text, name text)
language sql stable parallel safe rows 4 as $$
	with recursive above as (
		select p.parent_id as id
		from identity.projects p where p.id = target
		union all
		select p.parent_id
		from above a join identity.projects p on p.id = a.id
	), held as (
		select h.role_id
		from (select s.role_id, s.target_id, s.inherited
		      from identity.assignments s
		      where s.user_id = who
		      union all
		      select s.role_id, s.target_id, s.inherited
		      from identity.group_members m
		      join identity.assignments s on s.group_id = m.group_id
		      where m.user_id = who) h
		where case when h.inherited
			then h.target_id in (select a.id from above a)
			else h.target_id is not distinct from target end
		union
		select i.implied_id
		from held h
		join identity.implied_roles i on i.prior_id = h.role_id
	)
	select r.id, r.name
	from held h join identity.roles r on r.id = h.role_id
	where r.domain_id is null
$$;

-- The projects and domains on which a user has a role of any kind.
create function identity.targets_of(who text) returns setof text
language sql stable parallel safe as $$
	with recursive assigned as (
		select s.target_id, s.inherited
		from identity.assignments s where s.user_id = who
		union
		select s.target_id, s.inherited
		from identity.group_members m
		join identity.assignments s on s.group_id = m.group_id
		where m.user_id = who
	), below as (
		select p.id
		from assigned a
		join identity.projects p on p.parent_id = a.target_id
		where a.inherited
		union
		select p.id
		from below b join identity.projects p on p.parent_id = b.id
	)
	select target_id from assigned
	where target_id is not null and not inherited
	union
	select id from below
$$;

create table identity.regions (
	id text primary key check (length(id) between 1 and 255),
	description text not null default '',
	parent_region_id text constraint regions_parent_fkey
		references identity.regions,
	extra jsonb not null default '{}'
);
create table identity.services (
	id text primary key,
	type text not null,
	name text,
	description text,
	enabled boolean not null default true,
	extra jsonb not null default '{}'
);
create table identity.endpoints (
	id text primary key,
	service_id text not null constraint endpoints_service_fkey
		references identity.services on delete cascade,
	region_id text constraint endpoints_region_fkey
		references identity.regions,
	interface text not null
		check (interface in ('admin', 'internal', 'public')),
	url text not null,
	enabled boolean not null default true,
	extra jsonb not null default '{}'
);
create index endpoints_service_idx on identity.endpoints (service_id);
create index endpoints_region_idx on identity.endpoints (region_id);

-- A token is revoked by an event that is not older than it and whose members
-- that are not null are all the token's. audit_id names one token,
-- audit_chain_id all that were made from one log-in.
create table identity.revocation_events (
	id bigint generated always as identity primary key,
	audit_id text,
	audit_chain_id text,
	user_id text,
	project_id text,
	domain_id text,
	role_id text,
	issued_before timestamptz not null default now(),
	expires_at timestamptz,
	revoked_at timestamptz not null default now()
);
create index revocation_events_audit_idx
	on identity.revocation_events (audit_id) where audit_id is not null;
create index revocation_events_chain_idx
	on identity.revocation_events (audit_chain_id)
	where audit_chain_id is not null;
create index revocation_events_user_idx
	on identity.revocation_events (user_id) where user_id is not null;
create index revocation_events_project_idx
	on identity.revocation_events (project_id) where project_id is not null;
create index revocation_events_domain_idx
	on identity.revocation_events (domain_id) where domain_id is not null;
create index revocation_events_revoked_idx
	on identity.revocation_events (revoked_at);

-- The events that revoke a token of these members; each branch is one look
-- into an index.
create function identity.revocations_of(token_audit text, chain text, who text,
	project text, domain text, issued timestamptz)
returns setof bigint language sql stable parallel safe rows 1 as $$
	select e.id from identity.revocation_events e
	where e.audit_id = token_audit and e.issued_before >= issued
	union all
	select e.id from identity.revocation_events e
	where e.audit_chain_id = chain and e.issued_before >= issued
	union all
	select e.id from identity.revocation_events e
	where e.user_id = who and e.issued_before >= issued
	and (e.project_id is null or e.project_id = project)
	and (e.domain_id is null or e.domain_id = domain)
	union all
	select e.id from identity.revocation_events e
	where e.project_id = project and e.user_id is null
	and e.issued_before >= issued
	union all
	select e.id from identity.revocation_events e
	where e.domain_id = domain and e.user_id is null
	and e.project_id is null and e.issued_before >= issued
$$;
