-- SPDX-License-Identifier: Apache-2.0
-- What a token stands for: one row per effective role (one row with a null
-- role for an unscoped token); no row when it is not good any more.
-- $1 user, $2 scope: 'none' 'project' 'domain' 'system', $3 scope id,
-- $4 issued at, $5 audit id, $6 id of the chain's first token.
with recursive granted(role_id) as (
	select a.role_id
	from identity.assignments a
	where $2 <> 'none'
	and (a.actor_id = $1 and not a.is_group
	     or a.is_group and a.actor_id in (
		select gm.group_id from identity.group_members gm
		where gm.user_id = $1))
	and (a.target_kind = $2 and a.target_id = $3 and not a.inherited
	     or $2 = 'project' and a.inherited and a.target_id in (
		select q.domain_id from identity.projects q where q.id = $3
		union all
		select q.parent_id from identity.projects q where q.id = $3))
	union
	select i.implied_id
	from granted g
	join identity.implied_roles i on i.prior_id = g.role_id
)
select @token_context
from identity.users u
join identity.projects ud on ud.id = u.domain_id and ud.enabled
left join identity.projects p
	on $2 in ('project', 'domain') and p.id = $3 and p.enabled
	and p.is_domain = ($2 = 'domain')
left join identity.projects pd on pd.id = p.domain_id
left join granted g on true
left join identity.roles r on r.id = g.role_id
where u.id = $1 and u.enabled
and ($2 = 'none' or r.id is not null)
and ($2 not in ('project', 'domain') or p.id is not null)
and (pd.id is null or pd.enabled)
and not exists (select from identity.revocations v
	where v.audit_id = $5 and v.issued_before >= $4::timestamptz)
and not exists (select from identity.revocations v
	where v.audit_chain_id = $6 and v.issued_before >= $4)
and not exists (select from identity.revocations v
	where v.user_id = $1 and v.issued_before >= $4
	and (v.project_id is null or $2 = 'project' and v.project_id = $3)
	and v.audit_id is null and v.audit_chain_id is null)
and not exists (select from identity.revocations v
	where v.project_id = $3 and $2 = 'project' and v.user_id is null
	and v.issued_before >= $4)
and not exists (select from identity.revocations v
	where v.domain_id in (u.domain_id, case when $2 = 'domain' then $3
		when $2 = 'project' then p.domain_id end)
	and v.user_id is null and v.issued_before >= $4)
