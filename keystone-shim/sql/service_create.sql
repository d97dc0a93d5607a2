-- SPDX-License-Identifier: Apache-2.0
with s as (
	insert into identity.services (id, type, name, description, enabled,
		extra)
	select $1, d->>'type', d->>'name', d->>'description',
		coalesce((d->>'enabled')::boolean, true),
		d - array['id', 'type', 'name', 'description',
			'enabled', 'links']
	from (select $2::jsonb as d) j
	returning *)
select @service from s
