-- SPDX-License-Identifier: Apache-2.0
-- No row when one of the two roles is not there.
with done as (
	insert into identity.implied_roles (prior_id, implied_id)
	select a.id, b.id
	from identity.roles a, identity.roles b
	where a.id = $1 and b.id = $2
	on conflict do nothing
)
select @implied
from identity.roles a, identity.roles b
where a.id = $1 and b.id = $2
