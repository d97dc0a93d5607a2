-- SPDX-License-Identifier: Apache-2.0
-- What a token stands for: one row per effective role (one row with a null
-- role for an unscoped token); no row when it is not good any more.
-- $1 user, $2 scope: 'none' 'project' 'domain' 'system', $3 scope id,
-- $4 issued at, $5 audit id, $6 id of the chain's first token.
select @token_context
from identity.users u
join identity.projects ud on ud.id = u.domain_id and ud.enabled
left join identity.projects p
	on $2 in ('project', 'domain') and p.id = $3 and p.enabled
	and p.is_domain = ($2 = 'domain')
left join identity.projects pd on pd.id = p.domain_id
left join identity.effective_roles($1,
	case when $2 <> 'system' then $3 end) r on $2 <> 'none'
where u.id = $1 and u.enabled
and ($2 = 'none' or r.id is not null)
and ($2 not in ('project', 'domain') or p.id is not null)
and (pd.id is null or pd.enabled)
and not exists (select from identity.revocations_of($5, $6, $1,
	case when $2 = 'project' then $3 end,
	case when $2 = 'domain' then $3 end, $4))
