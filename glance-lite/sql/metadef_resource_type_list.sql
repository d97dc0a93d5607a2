-- The resource types that any namespace is for.
select a ->> 'name' as name, min(n.created_at) as created_at,
	max(n.updated_at) as updated_at
from image.metadef_namespaces n
cross join lateral jsonb_array_elements(n.associations) a
group by 1
order by 1
