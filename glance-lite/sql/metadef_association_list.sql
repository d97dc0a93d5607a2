-- The resource types of the namespace $3.
select (image.metadef_namespace(n) -> 'resource_type_associations')::text as doc
from image.metadef_namespaces n
where n.namespace = $3 and image.metadef_visible(n, $1, $2::boolean)
