-- SPDX-License-Identifier: Apache-2.0
-- Every service that is on, with its endpoints that are (one row each; one
-- without an endpoint for a service that has none).
select @catalog
from identity.services s
left join identity.endpoints e on e.service_id = s.id and e.enabled
where s.enabled
order by s.id, e.id
