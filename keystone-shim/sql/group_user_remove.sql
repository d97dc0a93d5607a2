-- SPDX-License-Identifier: Apache-2.0
with wanted as (
	select @membership
), done as (
	delete from identity.group_members where group_id = $1 and user_id = $2
)
select group_found, user_found, member_found from wanted
