-- SPDX-License-Identifier: Apache-2.0
select @endpoint
from identity.endpoints e
where ($1::text is null or e.interface = $1)
and ($2::text is null or e.service_id = $2)
and ($3::text is null or e.region_id = $3)
order by e.id
