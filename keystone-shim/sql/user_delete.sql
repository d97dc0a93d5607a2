-- SPDX-License-Identifier: Apache-2.0
with gone as (
	delete from identity.users where id = $1 returning id
), revoked as (
	insert into identity.revocation_events (user_id)
	select id from gone
)
select id from gone
