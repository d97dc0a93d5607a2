-- SPDX-License-Identifier: Apache-2.0
-- $1 domain, $2 user, $3 project (null: the system), $4 role, by names.
insert into identity.assignments (user_id, target_id, role_id)
select u.id, p.id, r.id
from identity.users u
join identity.roles r on r.name = $4 and r.domain_id is null
left join identity.projects p on p.domain_id = $1 and p.name = $3
where u.domain_id = $1 and u.name = $2
and ($3::text is null or p.id is not null)
on conflict do nothing
