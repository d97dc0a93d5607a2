-- SPDX-License-Identifier: Apache-2.0
-- A parent and its domain (a domain's is itself).
select @parent
from identity.projects p
where p.id = $1
