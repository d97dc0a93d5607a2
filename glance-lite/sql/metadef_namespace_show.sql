-- All of the namespace $3, with the prefix that its properties have for the
-- resource type $4 (null: none).
select (image.metadef_namespace(n) || jsonb_build_object('properties', (
	select coalesce(jsonb_object_agg(coalesce(a ->> 'prefix', '') || p.name,
		image.metadef_property(p, $1)), '{}')
	from image.metadef_properties p
	left join jsonb_array_elements(n.associations) a
		on a ->> 'name' = $4::text
	where p.namespace = n.namespace)))::text as doc
from image.metadef_namespaces n
where n.namespace = $3 and image.metadef_visible(n, $1, $2::boolean)
