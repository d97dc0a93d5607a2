-- SPDX-License-Identifier: Apache-2.0
with g as (
	update identity.regions g set
		description = case when d ? 'description'
			then coalesce(d->>'description', '')
			else description end,
		parent_region_id = case when d ? 'parent_region_id'
			then d->>'parent_region_id'
			else parent_region_id end,
		extra = extra ||
			(d - array['id', 'description', 'parent_region_id',
			'links'])
	from (select $2::jsonb as d) j
	where g.id = $1
	returning g.*)
select @region from g
