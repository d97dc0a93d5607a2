-- SPDX-License-Identifier: Apache-2.0
-- The roles given directly to a user or group on a target.
select @role
from identity.assignments s
join identity.roles r on r.id = s.role_id
where (s.user_id = $1 or s.group_id = $2)
and s.target_id is not distinct from $3 and not s.inherited
order by r.id
