-- The properties of the namespace $3, or that of the name $4; one row of null
-- where the namespace is there and the property is not.
select image.metadef_property(p, $1)::text as doc, p.name
from image.metadef_namespaces n
left join image.metadef_properties p on p.namespace = n.namespace
	and ($4::text is null or p.name = $4)
where n.namespace = $3 and image.metadef_visible(n, $1, $2::boolean)
order by p.name
