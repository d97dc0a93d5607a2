-- The bytes are in the store and wait. As image_uploaded otherwise.
update image.images
set staged = jsonb_build_object('size', $2::bigint,
		'virtual_size', $3::bigint, 'checksum', $4::text,
		'os_hash_algo', $5::text, 'os_hash_value', $6::text),
	updated_at = now()
where id = $1::uuid and status = 'uploading'
