-- SPDX-License-Identifier: Apache-2.0
select @user
from identity.users u
where ($1::text is null or u.name = $1)
and ($2::text is null or u.domain_id = $2)
and ($3::boolean is null or u.enabled = $3)
order by u.created_at, u.id
