-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 name, $3 password hash, $4 domain.
insert into identity.users (id, name, password_hash, domain_id)
values ($1, $2, $3, $4)
on conflict on constraint users_name_key do update set
	password_hash = excluded.password_hash, enabled = true
