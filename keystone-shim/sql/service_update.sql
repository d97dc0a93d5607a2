-- SPDX-License-Identifier: Apache-2.0
with s as (
	update identity.services s set
		type = coalesce(d->>'type', type),
		name = coalesce(d->>'name', name),
		description = case when d ? 'description'
			then d->>'description' else description end,
		enabled = coalesce((d->>'enabled')::boolean, enabled),
		extra = extra ||
			(d - array['id', 'type', 'name', 'description',
			'enabled', 'links'])
	from (select $2::jsonb as d) j
	where s.id = $1
	returning s.*)
select @service from s
