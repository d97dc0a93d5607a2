-- SPDX-License-Identifier: Apache-2.0
select @implied
from identity.implied_roles i
join identity.roles a on a.id = i.prior_id
join identity.roles b on b.id = i.implied_id
where a.id = $1 and b.id = $2
