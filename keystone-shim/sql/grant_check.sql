-- SPDX-License-Identifier: Apache-2.0
select s.role_id
from identity.assignments s
where (s.user_id = $1 or s.group_id = $2)
and s.target_id is not distinct from $3 and s.role_id = $4
and not s.inherited
