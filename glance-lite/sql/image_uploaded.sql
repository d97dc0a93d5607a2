-- The bytes are in the store; no row where the image was deleted meanwhile.
-- May be run again by an uploader that has got no answer.
update image.images
set status = 'active', size = $2, virtual_size = $3, checksum = $4,
	os_hash_algo = $5, os_hash_value = $6, updated_at = now()
where id = $1::uuid and (status = 'saving'
	or status = 'active' and os_hash_value = $6)
