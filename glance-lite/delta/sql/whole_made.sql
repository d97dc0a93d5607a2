-- The complete file is in the store; no row where the image was deleted
-- meanwhile. May be run again.
with i as (
	update image.images i
	set size = $2, checksum = $3, os_hash_algo = $4, os_hash_value = $5
	from image.deltas d
	where i.id = $1::uuid and i.deleted_at is null and d.image_id = i.id
	returning i.id
)
update image.deltas d
set whole = true, making = false
from i
where d.image_id = i.id
