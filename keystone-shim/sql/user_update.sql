-- SPDX-License-Identifier: Apache-2.0
-- What the client's object $3 names is changed, the password when $2 is one.
-- The last $4 passwords are recorded.
-- Disabling a user or changing the password revokes what was issued before.
with j as (
	select $3::jsonb as d
), u as (
	update identity.users u set
		name = coalesce(d->>'name', name),
		enabled = coalesce((d->>'enabled')::boolean, enabled),
		default_project_id = case when d ? 'default_project_id'
			then d->>'default_project_id'
			else default_project_id end,
		password_hash = coalesce($2::text, password_hash),
		options = jsonb_strip_nulls(options ||
			coalesce(d->'options', '{}')),
		extra = jsonb_strip_nulls(extra ||
			(d - array['id', 'name', 'domain_id', 'enabled',
			'default_project_id', 'options', 'links',
			'password_expires_at']))
	from j
	where u.id = $1
	returning u.*
), recorded as (
	insert into identity.password_history (user_id, password_hash)
	select id, $2 from u where $2 is not null and $4::int > 0
), forgotten as (
	delete from identity.password_history h
	using u
	where h.user_id = u.id and $2 is not null and h.id not in (
		select o.id from identity.password_history o
		where o.user_id = u.id
		order by o.id desc limit greatest($4 - 1, 0))
), revoked as (
	insert into identity.revocation_events (user_id)
	select id from u, j
	where $2 is not null or (d->>'enabled')::boolean is false
)
select @user from u
