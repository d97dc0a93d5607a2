-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 name, $3 whether it may be changed.
insert into identity.roles (id, name, options)
select $1, $2, case when $3::boolean then '{}'
	else '{"immutable": true}' end::jsonb
on conflict do nothing
