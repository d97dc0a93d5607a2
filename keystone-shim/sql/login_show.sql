-- SPDX-License-Identifier: Apache-2.0
-- The user that logs in: $1 id, or $2 name in domain $3 (id) or $4 (name).
-- $5 failed attempts (0: any number) lock it for $6 seconds.
select @login
from identity.users u
join identity.projects d on d.id = u.domain_id
where u.id = $1
union all
select @login
from identity.users u
join identity.projects d on d.id = u.domain_id
where u.name = $2 and (d.id = $3 or d.name = $4)
