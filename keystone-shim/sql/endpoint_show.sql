-- SPDX-License-Identifier: Apache-2.0
select @endpoint
from identity.endpoints e
where e.id = $1
