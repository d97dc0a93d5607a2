-- SPDX-License-Identifier: Apache-2.0
-- A project, or a domain seen as one; $2, $3: with what is above and below.
select @project_show
from identity.projects p
where p.id = $1
