-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 domain, $3 password hash or null, $4 the client's object,
-- $5 whether the password is recorded.
with u as (
	insert into identity.users (id, domain_id, name, enabled,
		default_project_id, password_hash, options, extra)
	select $1, $2, d->>'name', coalesce((d->>'enabled')::boolean, true),
		d->>'default_project_id', $3, coalesce(d->'options', '{}'),
		d - array['id', 'name', 'domain_id', 'enabled',
			'default_project_id', 'options', 'links',
			'password_expires_at']
	from (select $4::jsonb as d) j
	returning *
), recorded as (
	insert into identity.password_history (user_id, password_hash)
	select u.id, u.password_hash from u
	where u.password_hash is not null and $5::boolean
)
select @user from u
