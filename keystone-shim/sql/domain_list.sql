-- SPDX-License-Identifier: Apache-2.0
select @project
from identity.projects p
where p.is_domain
and ($1::text is null or p.name = $1)
and ($2::boolean is null or p.enabled = $2)
order by p.id
