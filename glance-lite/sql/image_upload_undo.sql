-- The bytes did not arrive: the image waits for another attempt.
with i as (
	update image.images
	set status = 'queued', store = null, updated_at = now()
	where id = $1::uuid and status in ('saving', 'uploading')
		and staged is null
	returning id
)
delete from image.deltas d
using i
where d.image_id = i.id
