-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 domain, $3 the client's object.
with g as (
	insert into identity.groups (id, domain_id, name, description, extra)
	select $1, $2, d->>'name', coalesce(d->>'description', ''),
		d - array['id', 'name', 'domain_id', 'description', 'links']
	from (select $3::jsonb as d) j
	returning *)
select @group from g
