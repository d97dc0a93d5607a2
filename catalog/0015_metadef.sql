-- SPDX-License-Identifier: Apache-2.0
-- Metadata definitions: what the properties of images, flavors and servers
-- mean, for user interfaces.

create table image.metadef_namespaces (
	namespace text primary key check (length(namespace) <= 80),
	display_name text not null,
	description text not null,
	visibility text not null default 'public'
		check (visibility in ('public', 'private')),
	protected boolean not null default true,
	owner text not null,
	-- [{name, prefix, properties_target}]: the resource types it is for
	associations jsonb not null,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);

create table image.metadef_properties (
	namespace text not null references image.metadef_namespaces,
	name text not null check (length(name) <= 80),
	definition jsonb not null,	-- as the API shows it, less the name
	-- What its values are to be chosen from, at the time of the request.
	offers text check (offers in ('kernels', 'modules', 'ramdisks')),
	constraint metadef_properties_pkey primary key (namespace, name)
);

-- The kernels (aki) or RAM disks (ari) of a project as it may name them, in
-- order: by name, or by id where a name would not do: there is none, others
-- have it, too, or it would be read as an id.
create function image.metadef_images(p_project text, p_format text)
	returns table (index bigint, value text)
language sql stable as $$
	select o.index, case when o.alone and o.name <> ''
			and o.name !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}'
				'-[0-9a-f]{12}$'
		then o.name else o.id end
	from (
		select k.index, (k.image).name, (k.image).id::text as id,
			count(*) over (partition by (k.image).name) = 1
				as alone
		from compute.boot_offered(p_project, p_format) k) o
$$;

-- What a project may choose from.
create function image.metadef_offered(p_offers text,
	p_project text) returns jsonb
language sql stable as $$
	select coalesce(jsonb_agg(o.value order by o.at, o.value), '[]')
	from (
		select k.value, k.index as at
		from image.metadef_images(p_project, case p_offers
			when 'kernels' then 'aki' when 'ramdisks' then 'ari'
			end) k
		union all
		select distinct m, 0
		from compute.boot_offered(p_project, 'aki') k
		cross join lateral compute.boot_sets(p_project, (k.image).id) s
		cross join lateral unnest(s.modules) m
		where p_offers = 'modules') o
$$;

-- A property as the project sees it. One that may have any value has no list
-- of them while nothing is offered.
create function image.metadef_property(p image.metadef_properties,
	p_project text) returns jsonb
language sql stable as $$
	select jsonb_build_object('name', p.name) || p.definition || case
		when p.offers is null then '{}'
		when p.definition ->> 'type' = 'array' then
			jsonb_build_object('items', jsonb_build_object(
				'type', 'string', 'enum', o))
		when o = '[]' then '{}'
		else jsonb_build_object('enum', o) end
	from (select image.metadef_offered(p.offers, p_project) as o) x
$$;

-- A namespace as lists have it.
create function image.metadef_namespace(n image.metadef_namespaces)
	returns jsonb
language sql stable as $$
	select jsonb_build_object('namespace', n.namespace,
		'display_name', n.display_name, 'description', n.description,
		'visibility', n.visibility, 'protected', n.protected,
		'owner', n.owner, 'created_at', t.created,
		'updated_at', t.updated,
		'resource_type_associations', (
			select jsonb_agg(a.value || jsonb_build_object(
				'created_at', t.created,
				'updated_at', t.updated) order by a.at)
			from jsonb_array_elements(n.associations)
				with ordinality a (value, at)),
		'self', '/v2/metadefs/namespaces/' || n.namespace,
		'schema', '/v2/schemas/metadefs/namespace')
	from (select to_char(n.created_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created,
		to_char(n.updated_at at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"') as updated) t
$$;

create function image.metadef_visible(n image.metadef_namespaces,
	p_project text, p_admin boolean) returns boolean
language sql immutable as $$
	select p_admin or n.visibility = 'public' or n.owner = p_project
$$;

-- -- managed boot ---------------------------------------------------------

insert into image.metadef_namespaces (namespace, display_name, description,
	owner, associations)
values ('OS::Lite::ManagedBoot', 'Managed boot', 'The kernel, modules and RAM '
	'disk that a server boots with, from a boot image that is built for '
	'it, over the root file system of its image.', 'openstack-lite',
	'[{"name": "OS::Nova::Server", "properties_target": "metadata"},
	{"name": "OS::Glance::Image"}, {"name": "OS::Nova::Flavor"}]');

insert into image.metadef_properties (namespace, name, definition, offers)
select 'OS::Lite::ManagedBoot', p.name, p.definition::jsonb, p.offers
from (values
	('boot:kernel', '{"title": "Kernel", "type": "string",
		"description": "The kernel: the name or id of an image."}',
		'kernels'),
	('boot:modules', '{"title": "Kernel modules", "type": "array",
		"operators": ["<all-in>"], "description":
		"Modules that are loaded in this order, all of one set."}',
		'modules'),
	('boot:ramdisk', '{"title": "RAM disk image", "type": "string",
		"description":
		"What the initial RAM disk holds: an image''s name or id."}',
		'ramdisks'),
	('boot:ramdisk_size', '{"title": "RAM disk size", "type": "integer",
		"description":
		"MiB of a RAM disk that the guest has as /dev/ram0.",
		"minimum": 1, "default": 16}', null),
	('boot:cmdline', '{"title": "Kernel command line", "type": "string",
		"description": "Put behind what the service says.",
		"maxLength": 255, "default": "quiet"}', null),
	('boot:module_policy', '{"title": "Module policy", "type": "string",
		"description":
		"What loads after the boot: anything, what is signed, nothing.",
		"enum": ["any", "provided", "none"], "default": "any"}', null)
) p (name, definition, offers);
