-- The manifest of an image that the project may see, a row for each file: one
-- without a path where there is none, one without a base for a base.
select @manifest
from image.images i
left join image.members mm on mm.image_id = i.id and mm.member = $2
left join image.manifests m on m.image_id = i.id
left join image.shelves s on s.id = m.shelf_id
left join image.manifest_files mf on mf.manifest_id = m.id
left join image.files f on f.id = mf.file_id
where i.id = $1::uuid and i.deleted_at is null
	and image.visible(i, mm.member is not null, $2, $3::boolean)
order by f.path collate "C"
