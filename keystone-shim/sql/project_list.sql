-- SPDX-License-Identifier: Apache-2.0
-- Projects by name, domain, parent, state and tags; domains only on demand.
select @project
from identity.projects p
where ($1::text is null or p.name = $1)
and ($2::text is null or p.domain_id = $2)
and ($3::text is null or p.parent_id = $3)
and ($4::boolean is null or p.enabled = $4)
and p.is_domain = coalesce($5::boolean, false)
and ($6::text is null or p.tags @> string_to_array($6, ','))
and ($7::text is null or p.tags && string_to_array($7, ','))
and ($8::text is null or not p.tags @> string_to_array($8, ','))
and ($9::text is null or not p.tags && string_to_array($9, ','))
order by p.id
