-- SPDX-License-Identifier: Apache-2.0
with j as (
	select $2::jsonb as d
), made as (
	insert into identity.regions (id)
	select d->>'region' from j
	where d->>'region' is not null and d->>'region_id' is null
	on conflict do nothing
), e as (
	update identity.endpoints e set
		service_id = coalesce(d->>'service_id', service_id),
		region_id = coalesce(d->>'region_id', d->>'region', region_id),
		interface = coalesce(d->>'interface', interface),
		url = coalesce(d->>'url', url),
		enabled = coalesce((d->>'enabled')::boolean, enabled),
		extra = extra ||
			(d - array['id', 'service_id', 'region', 'region_id',
			'interface', 'url', 'enabled', 'links'])
	from j
	where e.id = $1
	returning e.*)
select @endpoint from e
