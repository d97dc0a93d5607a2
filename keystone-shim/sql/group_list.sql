-- SPDX-License-Identifier: Apache-2.0
select @group
from identity.groups g
where ($1::text is null or g.name = $1)
and ($2::text is null or g.domain_id = $2)
order by g.id
