-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 name, $3 password hash, $4 domain, $5 name of the default project.
insert into identity.users as u (id, name, password_hash, domain_id,
	default_project_id)
select $1, $2, $3, $4, (
	select p.id from identity.projects p
	where p.domain_id = $4 and p.name = $5)
on conflict on constraint users_name_key do update set
	password_hash = excluded.password_hash, enabled = true
