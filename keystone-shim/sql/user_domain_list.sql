-- SPDX-License-Identifier: Apache-2.0
-- The enabled domains on which a user has a role.
select @project
from identity.projects p
where p.id in (select identity.targets_of($1)) and p.is_domain and p.enabled
order by p.id
