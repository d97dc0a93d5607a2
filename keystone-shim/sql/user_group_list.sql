-- SPDX-License-Identifier: Apache-2.0
select @group
from identity.group_members m
join identity.groups g on g.id = m.group_id
where m.user_id = $1
and ($2::text is null or g.name = $2)
order by g.id
