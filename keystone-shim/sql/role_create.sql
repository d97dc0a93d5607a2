-- SPDX-License-Identifier: Apache-2.0
with r as (
	insert into identity.roles (id, name, domain_id, description, options)
	select $1, d->>'name', d->>'domain_id', d->>'description',
		coalesce(d->'options', '{}')
	from (select $2::jsonb as d) j
	returning *)
select @role from r
