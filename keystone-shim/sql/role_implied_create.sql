-- SPDX-License-Identifier: Apache-2.0
-- No row when one of the two roles is not there. Nothing implies admin, and a
-- role of a domain is implied by roles of domains only.
with rule as (
	select a.id as prior_id, b.id as implied_id,
		b.name <> 'admin'
		and (b.domain_id is null or a.domain_id is not null) as allowed
	from identity.roles a, identity.roles b
	where a.id = $1 and b.id = $2
), done as (
	insert into identity.implied_roles (prior_id, implied_id)
	select r.prior_id, r.implied_id from rule r where r.allowed
	on conflict do nothing
)
select @implied_rule
from rule q
join identity.roles a on a.id = q.prior_id
join identity.roles b on b.id = q.implied_id
