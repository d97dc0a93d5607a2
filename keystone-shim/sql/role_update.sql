-- SPDX-License-Identifier: Apache-2.0
with r as (
	update identity.roles r set
		name = coalesce(d->>'name', name),
		description = case when d ? 'description'
			then d->>'description' else description end,
		options = jsonb_strip_nulls(options ||
			coalesce(d->'options', '{}'))
	from (select $2::jsonb as d) j
	where r.id = $1
	returning r.*)
select @role from r
