-- SPDX-License-Identifier: Apache-2.0
-- $1 user, $2 group, $3 role, $4 project or domain, $5 the system only,
-- $6 what follows of the assignments (members, implied roles) in their place,
-- for the system only where it was asked for; $7 also on what is below $4.
with recursive below as (
	select p.id from identity.projects p where p.id = $4
	union all
	select p.id
	from below b join identity.projects p on p.parent_id = b.id
	where $7::boolean
), follows as (
	select coalesce(s.user_id, m.user_id) as user_id, s.target_id, s.role_id
	from identity.assignments s
	left join identity.group_members m on m.group_id = s.group_id
	where $6::boolean and not s.inherited
	and ($5::boolean or s.target_id is not null)
	and (s.user_id is not null or m.user_id is not null)
	union
	select f.user_id, f.target_id, i.implied_id
	from follows f
	join identity.implied_roles i on i.prior_id = f.role_id
), a as (
	select s.user_id, s.group_id, s.target_id, s.role_id, s.inherited
	from identity.assignments s
	where not $6::boolean
	union all
	select f.user_id, null, f.target_id, f.role_id, false
	from follows f
	join identity.roles o on o.id = f.role_id and o.domain_id is null
)
select @assignment
from a
join identity.roles r on r.id = a.role_id
left join identity.users u on u.id = a.user_id
left join identity.projects ud on ud.id = u.domain_id
left join identity.groups g on g.id = a.group_id
left join identity.projects gd on gd.id = g.domain_id
left join identity.projects p on p.id = a.target_id
left join identity.projects pd on pd.id = p.domain_id
where ($1::text is null or a.user_id = $1)
and ($2::text is null or a.group_id = $2)
and ($3::text is null or a.role_id = $3)
and ($4::text is null or a.target_id in (select b.id from below b))
and (not $5::boolean or a.target_id is null)
order by a.user_id, a.target_id, r.id
