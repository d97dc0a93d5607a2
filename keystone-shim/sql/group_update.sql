-- SPDX-License-Identifier: Apache-2.0
with g as (
	update identity.groups g set
		name = coalesce(d->>'name', name),
		description = case when d ? 'description'
			then coalesce(d->>'description', '')
			else description end,
		extra = extra || (d - array['id', 'name', 'domain_id',
			'description', 'links'])
	from (select $2::jsonb as d) j
	where g.id = $1
	returning g.*)
select @group from g
