-- The files that nobody needs are gone.
with over as (
	delete from image.deltas d
	using image.images i, image.images b
	where d.image_id = $1::uuid and i.id = d.image_id
		and b.id = d.base_id
		and (i.deleted_at is not null or b.deleted_at is not null)
	returning d.image_id
)
update image.deltas d
set making = false
where d.image_id = $1::uuid and d.making and not exists (select from over)
