-- SPDX-License-Identifier: Apache-2.0
select @region
from identity.regions g
where ($1::text is null or g.parent_region_id = $1)
order by g.id
