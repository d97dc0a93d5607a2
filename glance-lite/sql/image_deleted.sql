-- The bytes of a deleted image are gone. If its complete file is being made,
-- its delta is remembered until that is over.
with i as (
	update image.images
	set status = 'deleted', store = null
	where id = $1::uuid and status = 'pending_delete'
	returning id
)
delete from image.deltas d
using i
where d.image_id = i.id and not d.making
