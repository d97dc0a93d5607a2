-- SPDX-License-Identifier: Apache-2.0
-- $1 user or $2 group, $3 project or domain (null: system), $4 role.
with wanted as (
	select @grant
), done as (
	insert into identity.assignments (user_id, group_id, target_id, role_id)
	select $1, $2, $3, $4 from wanted
	where role_found and actor_found and target_found and role_fits
	on conflict do nothing
)
select role_found, actor_found, target_found, role_fits from wanted
