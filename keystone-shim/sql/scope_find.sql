-- SPDX-License-Identifier: Apache-2.0
-- A domain ($1) or project by $2 id, or $3 name (a project's in domain $4, by
-- id, or $5, by name).
select p.id
from identity.projects p
where p.id = $2 and p.is_domain = $1
union all
select p.id
from identity.projects p
left join identity.projects d on d.id = p.domain_id
where p.name = $3 and p.is_domain = $1
and ($1 or d.id = $4 or d.name = $5)
