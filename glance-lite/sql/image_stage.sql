-- Records that a store begins to receive bytes that wait for an import.
update image.images i
set store = $4, updated_at = now(), status = case
	when o.status <> 'queued' then image.refuse('LT409', format(
		'Image status transition from %s to uploading is not allowed',
		o.status))
	else image.need_formats(o, 'uploading') end
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id
returning @upload
