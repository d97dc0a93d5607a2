-- SPDX-License-Identifier: Apache-2.0
-- OS images for user interfaces: metadata definitions, as those of 0015.

alter table image.metadef_properties
	drop constraint metadef_properties_offers_check,
	add constraint metadef_properties_offers_check check (offers in
		('kernels', 'modules', 'ramdisks', 'os_images'));

-- What a project may ask for: names that have a default version, and versions.
create function image.metadef_os_images(p_project text)
	returns table (value text)
language sql stable as $$
	select distinct unnest(array[
		image.os_image_label(i.properties),
		case when i.properties ->> 'os_image:default' = 'true'
			then i.properties ->> 'os_image:name' end])
	from image.images i
	join image.systems y on y.image_id = i.id and y.script
	where i.properties ? 'os_image:name' and i.deleted_at is null
		and compute.boot_trusted(i, p_project)
$$;

-- As in 0015, and OS images.
create or replace function image.metadef_offered(p_offers text,
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
		where p_offers = 'modules'
		union all
		select v.value, 0
		from image.metadef_os_images(p_project) v
		where p_offers = 'os_images' and v.value is not null) o
$$;

insert into image.metadef_namespaces (namespace, display_name, description,
	owner, associations)
values ('OS::Lite::OSImage', 'OS image', 'The read-only operating system that '
	'a server shares with others, for servers whose image is a version '
	'of it.', 'openstack-lite',
	'[{"name": "OS::Nova::Server", "properties_target": "metadata"}]');

insert into image.metadef_properties (namespace, name, definition, offers)
select 'OS::Lite::OSImage', p.name, p.definition::jsonb, p.offers
from (values
	('os_image', '{"title": "OS image", "type": "string", "description":
		"A version, or the name for the default one."}',
		'os_images'),
	('os_image:overlays', '{"title": "Folders in memory", "type": "string",
		"description": "Which folders may be written to, with MB.",
		"maxLength": 255, "default": "/etc:16,/var:64,/tmp:32"}', null),
	('os_image:sw', '{"title": "Software", "type": "string",
		"description": "What is at /sw: a name or name:version.",
		"maxLength": 127}', null),
	('os_image:timezone', '{"title": "Time zone", "type": "string",
		"description": "As Europe/Zurich.", "maxLength": 64}', null)
) p (name, definition, offers);
