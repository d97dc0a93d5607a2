-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 type of the service, $3 region, $4 interface, $5 URL.
with kept as (
	update identity.endpoints e set url = $5
	from identity.services s
	where s.id = e.service_id and s.type = $2
	and e.region_id = $3 and e.interface = $4
	returning e.id
)
insert into identity.endpoints (id, service_id, region_id, interface, url)
select $1, s.id, $3, $4, $5
from identity.services s
where s.type = $2 and not exists (select from kept)
