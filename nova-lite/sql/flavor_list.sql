-- Flavors by visibility ('public', 'private', 'all'), a page of them.
-- $1 project or null (sees all), $2 visibility
select @flavor
from compute.flavors f
where ($1::text is null or compute.flavor_open(f, $1))
	and case $2::text when 'all' then true
		when 'private' then not f.is_public
		else f.is_public or compute.flavor_open(f, $3::text) end
	and f.ram >= $4::bigint and f.disk >= $5::bigint
	and ($6::text is null or case when $9::boolean
		then (compute.flavor_sort(f, $8::text), f.id) > (select
			coalesce(max(compute.flavor_sort(m, $8)),
			compute.refuse(400, format('marker [%s] not found',
			$6))), $6 from compute.flavors m where m.id = $6)
		else (compute.flavor_sort(f, $8), f.id) < (select
			coalesce(max(compute.flavor_sort(m, $8)),
			compute.refuse(400, format('marker [%s] not found',
			$6))), $6 from compute.flavors m where m.id = $6) end)
order by case when $9 then compute.flavor_sort(f, $8) end,
	case when $9 then f.id end,
	compute.flavor_sort(f, $8) desc, f.id desc
limit $7::bigint
