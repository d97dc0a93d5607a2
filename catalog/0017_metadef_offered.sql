-- SPDX-License-Identifier: Apache-2.0
-- What may be chosen is what means one image when a server is created.

-- The kernels (aki) or RAM disks (ari) of a project as it may name them, in
-- order: by name, or by id where a name would not do: there is none, others
-- have it, too, or it would be read as an id.
create function image.metadef_images(p_project text, p_format text)
	returns table (index bigint, value text)
language sql stable as $$
	select o.index, case when o.alone and o.name <> ''
			and o.name !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}'
				'-[0-9a-f]{12}$'
		then o.name else o.id end
	from (
		select k.index, (k.image).name, (k.image).id::text as id,
			count(*) over (partition by (k.image).name) = 1
				as alone
		from compute.boot_offered(p_project, p_format) k) o
$$;

create or replace function image.metadef_offered(p_offers text,
	p_project text) returns jsonb
language sql stable as $$
	select coalesce(jsonb_agg(o.value order by o.at, o.value), '[]')
	from (
		select k.value, k.index as at
		from image.metadef_images(p_project, case p_offers
			when 'kernels' then 'aki' when 'ramdisks' then 'ari'
			end) k
		union all
		select distinct m, 0
		from compute.boot_offered(p_project, 'aki') k
		cross join lateral compute.boot_sets(p_project, (k.image).id) s
		cross join lateral unnest(s.modules) m
		where p_offers = 'modules') o
$$;
