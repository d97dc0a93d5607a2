-- SPDX-License-Identifier: Apache-2.0
-- What the client's object $2 names is changed, the rest stays. A project or
-- domain that is disabled takes its tokens with it for good.
with j as (
	select $2::jsonb as d
), p as (
	update identity.projects p set
		name = coalesce(d->>'name', name),
		enabled = coalesce((d->>'enabled')::boolean, enabled),
		description = case when d ? 'description'
			then coalesce(d->>'description', '')
			else description end,
		tags = case when d ? 'tags'
			then array(select jsonb_array_elements_text(d->'tags'))
			else tags end,
		options = jsonb_strip_nulls(options ||
			coalesce(d->'options', '{}')),
		extra = jsonb_strip_nulls(extra ||
			(d - array['id', 'name', 'is_domain', 'domain_id',
			'parent_id', 'enabled', 'description',
			'tags', 'options', 'links']))
	from j
	where p.id = $1 and ($3::boolean is null or p.is_domain = $3)
	returning p.*
), revoked as (
	insert into identity.revocation_events (project_id, domain_id)
	select case when not is_domain then id end,
		case when is_domain then id end
	from p, j where (d->>'enabled')::boolean is false
)
select @project from p
