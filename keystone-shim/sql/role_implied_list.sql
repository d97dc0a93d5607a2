-- SPDX-License-Identifier: Apache-2.0
-- A role and what it implies; one row without an implied role for none.
select @implied
from identity.roles a
left join identity.implied_roles i on i.prior_id = a.id
left join identity.roles b on b.id = i.implied_id
where a.id = $1
order by b.id
