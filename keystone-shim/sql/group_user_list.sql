-- SPDX-License-Identifier: Apache-2.0
select @user
from identity.group_members m
join identity.users u on u.id = m.user_id
where m.group_id = $1
order by u.created_at, u.id
