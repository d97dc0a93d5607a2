-- Records that the complete file of a delta is being made; no row where there
-- is none to make here.
update image.deltas d
set making = true
from image.images i, image.images b
where d.image_id = $1::uuid and d.store = $2 and not d.whole
	and i.id = d.image_id and i.status in ('active', 'deactivated')
	and b.id = d.base_id
returning @whole_base
