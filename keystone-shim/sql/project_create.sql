-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 domain, $3 parent (both null: a domain), $4 the client's object.
with p as (
	insert into identity.projects (id, name, is_domain, domain_id,
		parent_id, enabled, description, tags, options, extra)
	select $1, d->>'name', $2::text is null, $2, $3,
		coalesce((d->>'enabled')::boolean, true),
		coalesce(d->>'description', ''),
		coalesce(array(select jsonb_array_elements_text(d->'tags')),
			 '{}'),
		coalesce(d->'options', '{}'),
		d - array['id', 'name', 'is_domain', 'domain_id',
			'parent_id', 'enabled', 'description',
			'tags', 'options', 'links']
	from (select $4::jsonb as d) j
	returning *)
select @project from p
