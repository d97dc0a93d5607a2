-- SPDX-License-Identifier: Apache-2.0
select @role
from identity.roles r
where r.id = $1
