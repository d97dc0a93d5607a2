-- SPDX-License-Identifier: Apache-2.0
-- A project without children, and what was said of it.
with gone as (
	delete from identity.projects
	where id = $1 and not is_domain
	returning id
), revoked as (
	insert into identity.revocation_events (project_id)
	select id from gone
), users as (
	update identity.users set default_project_id = null
	where default_project_id = $1
)
select id from gone
