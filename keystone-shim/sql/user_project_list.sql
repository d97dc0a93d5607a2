-- SPDX-License-Identifier: Apache-2.0
-- The projects on which a user has a role; $2: only those that work.
select @project
from identity.projects p
where p.id in (select identity.targets_of($1)) and not p.is_domain
and (not $2::boolean or p.enabled and exists (
	select from identity.projects d
	where d.id = p.domain_id and d.enabled))
order by p.id
