-- SPDX-License-Identifier: Apache-2.0
-- @multiget
select @user
from identity.users u
where u.id = $1
