-- SPDX-License-Identifier: Apache-2.0
-- A project, or a domain seen as one.
select @project
from identity.projects p
where p.id = $1
