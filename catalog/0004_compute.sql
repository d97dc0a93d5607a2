-- SPDX-License-Identifier: Apache-2.0
-- Compute: flavors, keypairs, servers, hosts, networks, quotas, actions.
create schema compute;

create table compute.flavors (
	id text primary key check (length(id) between 1 and 255),
	name text not null,
	ram int not null check (ram > 0),
	disk int not null default 0,
	vcpus int not null check (vcpus > 0),
	ephemeral int not null default 0,
	swap int not null default 0,
	rxtx_factor double precision not null default 1.0,
	is_public boolean not null default true,
	disabled boolean not null default false,
	description text,
	extra_specs jsonb not null default '{}',
	created_at timestamptz not null default now(),
	constraint flavors_name_key unique (name)
);

create table compute.flavor_access (
	flavor_id text not null references compute.flavors on delete cascade,
	project_id text not null,
	constraint flavor_access_pkey primary key (flavor_id, project_id)
);

create table compute.keypairs (
	id int generated always as identity unique,
	user_id text not null,
	name text not null,
	type text not null default 'ssh',
	public_key text not null,
	fingerprint text not null,
	created_at timestamptz not null default now(),
	constraint keypairs_pkey primary key (user_id, name)
);

-- One row per resource: '' is the default for every project (Nova's default
-- quota class), any other project_id an override. -1 is unlimited.
create table compute.quotas (
	project_id text not null default '',
	resource text not null,
	hard_limit int not null check (hard_limit >= -1),
	constraint quotas_pkey primary key (project_id, resource)
);
insert into compute.quotas (resource, hard_limit) values
	('instances', 10), ('cores', 20), ('ram', 51200), ('key_pairs', 100),
	('metadata_items', 128), ('injected_files', 5),
	('injected_file_content_bytes', 10240),
	('injected_file_path_bytes', 255), ('server_groups', 10),
	('server_group_members', 10), ('fixed_ips', -1),
	('floating_ips', -1), ('security_groups', -1),
	('security_group_rules', -1);

-- A compute agent and its hypervisor. An agent is up while its heartbeat is
-- younger than 60 s (Nova's service_down_time).
create table compute.hosts (
	id int generated always as identity unique,
	name text primary key,
	uuid uuid not null default gen_random_uuid(),
	service_uuid uuid not null default gen_random_uuid(),
	zone text not null default 'nova',
	heartbeat timestamptz,
	disabled boolean not null default false,
	disabled_reason text,
	forced_down boolean not null default false,
	hypervisor_hostname text not null,
	hypervisor_type text not null default 'QEMU',
	hypervisor_version int not null default 0,
	host_ip text not null default '127.0.0.1',
	-- where the API asks the agent for console logs, and the header that
	-- proves it: GET {agent_url}/console/{server}, X-Agent-Secret
	agent_url text,
	agent_secret text,
	cpu_info jsonb not null default '{}',
	vcpus int not null default 0,
	memory_mb int not null default 0,
	local_gb int not null default 0,
	cpu_ratio double precision not null default 16.0,
	ram_ratio double precision not null default 1.5,
	disk_ratio double precision not null default 1.0,
	created_at timestamptz not null default now()
);

create table compute.networks (
	id uuid primary key default gen_random_uuid(),
	name text not null,
	project_id text not null default '',
	shared boolean not null default true,
	mtu int not null default 1500,
	-- how hosts realise it: user (user-mode networking) or bridge
	kind text not null default 'user' check (kind in ('user', 'bridge')),
	bridge text,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);

create table compute.subnets (
	id uuid primary key default gen_random_uuid(),
	network_id uuid not null references compute.networks on delete cascade,
	name text not null,
	cidr cidr not null,
	gateway inet not null,
	first inet not null,
	last inet not null,
	dns inet[] not null default '{}',
	created_at timestamptz not null default now()
);

create table compute.security_groups (
	id uuid primary key default gen_random_uuid(),
	project_id text not null,
	name text not null default 'default',
	description text not null default 'Default security group',
	created_at timestamptz not null default now(),
	constraint security_groups_name_key unique (project_id, name)
);

-- What its members' placement has to do with each other.
create table compute.server_groups (
	id uuid primary key default gen_random_uuid(),
	project_id text not null,
	user_id text not null,
	name text not null,
	policy text not null check (policy in ('affinity', 'anti-affinity',
		'soft-affinity', 'soft-anti-affinity')),
	max_per_host int not null default 1,	-- of anti-affinity
	created_at timestamptz not null default now()
);
create index server_groups_project_idx on compute.server_groups (project_id);

-- As the API shows it. Immutable, which to_jsonb is not for all types.
create function compute.list_json(p_list text[]) returns text
language sql immutable as $$ select to_jsonb(p_list)::text $$;

create table compute.servers (
	id uuid primary key default gen_random_uuid(),
	num int generated always as identity unique,	-- instance-%08x
	project_id text not null,
	user_id text not null,
	name text not null,
	hostname text not null,
	description text,
	image_id uuid,
	image_props jsonb not null default '{}',
	flavor_id text not null,
	flavor jsonb not null,		-- its row, as it was at create
	-- made once, not for each reply
	flavor_name text generated always as (flavor ->> 'name') stored,
	flavor_specs text generated always as (coalesce(
		flavor ->> 'extra_specs', '{}')) stored,
	kernel_id text generated always as (
		image_props ->> 'kernel_id') stored,
	ramdisk_id text generated always as (
		image_props ->> 'ramdisk_id') stored,
	vcpus int not null,
	ram int not null,
	disk int not null,
	ephemeral int not null default 0,
	swap int not null default 0,
	host text references compute.hosts (name),
	-- Nova's hostId: the same for all servers of a project on a host
	host_id text not null generated always as (coalesce(encode(
		sha224((project_id || host)::bytea), 'hex'), '')) stored,
	zone text,			-- asked for
	-- as the API shows it, kept by a trigger of compute.ports
	addresses jsonb not null default '{}',
	vm_state text not null default 'building',
	task_state text default 'scheduling',
	power_state int not null default 0,
	progress int not null default 0,
	key_name text,
	public_key text,
	key_type text,
	metadata jsonb not null default '{}',
	tags text[] not null default '{}',
	tags_json text generated always as (
		compute.list_json(tags)) stored,
	user_data text,			-- base64, as the client sent it
	config_drive boolean not null default false,
	admin_pass_hash text,
	access_ip_v4 inet,
	access_ip_v6 inet,
	disk_config text not null default 'MANUAL',
	security_groups text[] not null default '{default}',
	groups_json text generated always as (
		compute.list_json(security_groups)) stored,
	scheduler_hints jsonb not null default '{}',
	group_id uuid references compute.server_groups on delete set null,
	reservation_id text not null,
	launch_index int not null default 0,
	locked boolean not null default false,
	locked_reason text,
	fault jsonb,			-- {code, message, details, created}
	request_id text not null,	-- of the create
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	launched_at timestamptz,
	terminated_at timestamptz,
	deleted_at timestamptz
);
create index servers_project_idx on compute.servers
	(project_id, created_at desc, id desc) where deleted_at is null;
create index servers_created_idx on compute.servers
	(created_at desc, id desc) where deleted_at is null;
create index servers_host_idx on compute.servers (host)
	where deleted_at is null;
create index servers_group_idx on compute.servers (group_id)
	where deleted_at is null;

create table compute.ports (
	id uuid primary key default gen_random_uuid(),
	network_id uuid not null references compute.networks,
	subnet_id uuid references compute.subnets,
	project_id text not null,
	server_id uuid references compute.servers on delete cascade,
	name text not null default '',
	mac macaddr not null,
	ip inet,
	nic int not null default 0,	-- order on the server
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	constraint ports_mac_key unique (mac),
	constraint ports_ip_key unique (network_id, ip)
);
create index ports_server_idx on compute.ports (server_id, nic);

-- What users see of what was done to a server (os-instance-actions).
create table compute.actions (
	id bigint generated always as identity primary key,
	server_id uuid not null references compute.servers on delete cascade,
	action text not null,
	request_id text not null,
	user_id text not null,
	project_id text not null,
	message text,
	started_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
create index actions_server_idx on compute.actions (server_id, id desc);

create table compute.action_events (
	id bigint generated always as identity primary key,
	action_id bigint not null references compute.actions on delete cascade,
	event text not null,
	host text,
	started_at timestamptz not null default now(),
	finished_at timestamptz,
	result text,			-- Success, Error
	details text
);
create index action_events_action_idx on compute.action_events (action_id);
