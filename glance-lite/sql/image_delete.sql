-- Deletes an image for its users and records that its bytes must go.
update image.images i
set status = image.let_go(o, $2, $3), staged = null, deleted_at = now()
from image.own($1::uuid, $2, $3::boolean,
	'Failed to find image %s to delete') o
where i.id = o.id
returning @stored
