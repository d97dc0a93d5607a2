-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 domain, $3 password hash or null, $4 the client's object.
with u as (
	insert into identity.users (id, domain_id, name, enabled,
		default_project_id, password_hash, options, extra)
	select $1, $2, d->>'name', coalesce((d->>'enabled')::boolean, true),
		d->>'default_project_id', $3, coalesce(d->'options', '{}'),
		d - array['id', 'name', 'domain_id', 'enabled',
			'default_project_id', 'options', 'links',
			'password_expires_at']
	from (select $4::jsonb as d) j
	returning *)
select @user from u
