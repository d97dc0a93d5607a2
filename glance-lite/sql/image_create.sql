-- A new image, queued; no row where the id was ever in use.
insert into image.images as i (id, owner, name, visibility, disk_format,
	container_format, protected, os_hidden, min_disk, min_ram, properties,
	tags)
values ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb)
on conflict (id) do nothing
returning @image
