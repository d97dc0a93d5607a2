-- SPDX-License-Identifier: Apache-2.0
-- Compute: aggregates of hosts.

-- Administrators' names for sets of hosts. The member availability_zone of the
-- metadata is the zone of the hosts.
create table compute.aggregates (
	id int generated always as identity primary key,
	uuid uuid not null default gen_random_uuid(),
	name text not null,
	hosts text[] not null default '{}',
	metadata jsonb not null default '{}',
	created_at timestamptz not null default now(),
	updated_at timestamptz,
	constraint aggregates_name_key unique (name)
);

-- What the host's agent says; hosts.zone is what holds.
alter table compute.hosts add column own_zone text not null default 'nova';
update compute.hosts set own_zone = zone;

-- A host's zone is that of an aggregate, else its agent's.
create function compute.host_zoned() returns trigger
language plpgsql as $$
begin
	new.own_zone := new.zone;
	new.zone := coalesce((
		select a.metadata ->> 'availability_zone'
		from compute.aggregates a
		where new.name = any (a.hosts)
			and a.metadata ? 'availability_zone'
		order by a.id limit 1), new.zone);
	return new;
end
$$;
create trigger host_zoned before insert or update of zone
	on compute.hosts for each row execute function compute.host_zoned();

create function compute.aggregate_changed() returns trigger
language plpgsql as $$
begin
	update compute.hosts set zone = own_zone
	where name = any (old.hosts || new.hosts);
	return null;
end
$$;
create trigger aggregate_changed after update on compute.aggregates
	for each row execute function compute.aggregate_changed();

-- The hosts of an aggregate with one more, or 404, 409.
create function compute.aggregate_add(a compute.aggregates, p_host text)
	returns text[]
language plpgsql as $$
declare
	other text;
begin
	perform from compute.hosts where name = p_host for update;
	if not found then
		perform compute.refuse(404, format(
			'Compute host %s could not be found.', p_host));
	elsif p_host = any (a.hosts) then
		perform compute.refuse(409, format(
			'Aggregate %s already has host %s.', a.id, p_host));
	end if;
	select b.metadata ->> 'availability_zone' into other
	from compute.aggregates b where p_host = any (b.hosts)
		and b.metadata ->> 'availability_zone'
			<> a.metadata ->> 'availability_zone';
	if found then
		perform compute.refuse(409, format('Cannot add host to '
			'aggregate %s. Reason: One or more hosts already in '
			'availability zone(s) [''%s''].', a.id, other));
	end if;
	return a.hosts || p_host;
end
$$;

-- The hosts of an aggregate with one less, or 404.
create function compute.aggregate_remove(a compute.aggregates, p_host text)
	returns text[]
language plpgsql as $$
begin
	if p_host <> all (a.hosts) then
		perform compute.refuse(404, format('Cannot remove host %s in '
			'aggregate %s', p_host, a.id));
	end if;
	return array_remove(a.hosts, p_host);
end
$$;
