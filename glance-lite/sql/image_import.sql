-- Makes the bytes that wait the image's own.
update image.images i
set status = case when o.status = 'uploading' and o.staged is not null
		then 'active'
		else image.refuse('LT409', 'Image needs to be staged before '
			'''glance-direct'' method can be used') end,
	size = (o.staged ->> 'size')::bigint,
	virtual_size = (o.staged ->> 'virtual_size')::bigint,
	checksum = o.staged ->> 'checksum',
	os_hash_algo = o.staged ->> 'os_hash_algo',
	os_hash_value = o.staged ->> 'os_hash_value',
	staged = null, updated_at = now()
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id
