-- SPDX-License-Identifier: Apache-2.0
select @service
from identity.services s
where ($1::text is null or s.name = $1)
and ($2::text is null or s.type = $2)
order by s.id
