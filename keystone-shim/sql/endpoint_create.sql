-- SPDX-License-Identifier: Apache-2.0
-- A region that is named by the old key `region` is made when it is new.
with j as (
	select $2::jsonb as d
), made as (
	insert into identity.regions (id)
	select d->>'region' from j
	where d->>'region' is not null and d->>'region_id' is null
	on conflict do nothing
), e as (
	insert into identity.endpoints (id, service_id, region_id, interface,
		url, enabled, extra)
	select $1, d->>'service_id', coalesce(d->>'region_id', d->>'region'),
		d->>'interface', d->>'url',
		coalesce((d->>'enabled')::boolean, true),
		d - array['id', 'service_id', 'region', 'region_id',
			'interface', 'url', 'enabled', 'links']
	from j
	returning *)
select @endpoint from e
