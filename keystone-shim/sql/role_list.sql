-- SPDX-License-Identifier: Apache-2.0
-- Roles of a domain, or those of no domain.
select @role
from identity.roles r
where ($1::text is null or r.name = $1)
and r.domain_id is not distinct from $2
order by r.id
