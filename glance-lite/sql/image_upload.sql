-- Records that a store begins to receive an image's bytes.
update image.images i
set store = $4, updated_at = now(), status = case
	when o.status <> 'queued' then image.refuse('LT409', format(
		'Image status transition from %s to saving is not allowed',
		o.status))
	else image.need_formats(o, 'saving') end
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id
returning @upload
