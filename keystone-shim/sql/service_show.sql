-- SPDX-License-Identifier: Apache-2.0
select @service
from identity.services s
where s.id = $1
