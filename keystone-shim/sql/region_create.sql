-- SPDX-License-Identifier: Apache-2.0
with g as (
	insert into identity.regions (id, description, parent_region_id, extra)
	select $1, coalesce(d->>'description', ''), d->>'parent_region_id',
		d - array['id', 'description', 'parent_region_id',
			'links']
	from (select $2::jsonb as d) j
	returning *)
select @region from g
