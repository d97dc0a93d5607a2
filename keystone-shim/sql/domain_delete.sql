-- SPDX-License-Identifier: Apache-2.0
-- A disabled domain with everything in it.
with gone as (
	delete from identity.projects
	where id = $1 and is_domain and not enabled
	returning id
), revoked as (
	insert into identity.revocation_events (domain_id)
	select id from gone
)
select id from gone
