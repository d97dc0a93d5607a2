-- SPDX-License-Identifier: Apache-2.0
select @project
from identity.projects p
where p.id = $1 and p.is_domain
