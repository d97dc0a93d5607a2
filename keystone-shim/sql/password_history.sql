-- SPDX-License-Identifier: Apache-2.0
-- The present password and the last $2 that were recorded.
select u.password_hash
from identity.users u
where u.id = $1 and u.password_hash is not null
union
(select h.password_hash
from identity.password_history h
where h.user_id = $1
order by h.id desc
limit $2)
