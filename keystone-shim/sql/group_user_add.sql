-- SPDX-License-Identifier: Apache-2.0
with wanted as (
	select @membership
), done as (
	insert into identity.group_members (group_id, user_id)
	select $1, $2 from wanted where group_found and user_found
	on conflict do nothing
)
select group_found, user_found, member_found from wanted
