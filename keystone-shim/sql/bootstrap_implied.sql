-- SPDX-License-Identifier: Apache-2.0
-- $1 the role that implies $2, by names.
insert into identity.implied_roles (prior_id, implied_id)
select a.id, b.id
from identity.roles a, identity.roles b
where a.name = $1 and b.name = $2
and a.domain_id is null and b.domain_id is null
on conflict do nothing
