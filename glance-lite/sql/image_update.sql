update image.images i
set owner = $2, name = $3, visibility = $4, disk_format = $5,
	container_format = $6, protected = $7, os_hidden = $8, min_disk = $9,
	min_ram = $10, properties = $11::jsonb, tags = $12::jsonb,
	updated_at = now()
where i.id = $1::uuid
returning @image
