-- SPDX-License-Identifier: Apache-2.0
select @group
from identity.groups g
where g.id = $1
