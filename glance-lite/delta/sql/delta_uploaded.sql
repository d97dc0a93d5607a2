-- The delta is in the store. As image_uploaded otherwise.
with i as (
	update image.images i
	set status = 'active', virtual_size = $3, updated_at = now()
	from image.deltas d
	where i.id = $1::uuid and d.image_id = i.id and (i.status = 'saving'
		or i.status = 'active' and d.os_hash_value = $6)
	returning i.id
)
update image.deltas d
set size = $2, checksum = $4, os_hash_algo = $5, os_hash_value = $6
from i
where d.image_id = i.id
