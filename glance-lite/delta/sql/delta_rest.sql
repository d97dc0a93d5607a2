-- The images that need a base which its owner is about to delete.
select @delta_rest
from image.own($1::uuid, $2, $3::boolean,
	'Failed to find image %s to delete') o
join image.deltas d on d.base_id = o.id and not d.whole
join image.images i on i.id = d.image_id
	and i.status in ('active', 'deactivated')
where d.store = $4 and image.unprotected(o)
order by d.image_id
