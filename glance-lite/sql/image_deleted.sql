-- The bytes of a deleted image are gone.
update image.images
set status = 'deleted', store = null
where id = $1::uuid and status = 'pending_delete'
