-- SPDX-License-Identifier: Apache-2.0
select @region
from identity.regions g
where g.id = $1
