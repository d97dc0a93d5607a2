-- Gives an image a manifest instead of what it had.
select image.manifest_put(o.id, o.owner, case
	when b.id = o.id then image.refuse('LT400',
		'Invalid base_image: an image is not its own base')::uuid
	when b.id is null or not image.visible(b, m.member is not null, $2, $3)
		then image.refuse('LT400', format('Invalid base_image: no '
			'image found with ID %s', $4::uuid))::uuid
	else b.id end, $5, $6::jsonb)
from image.own($1::uuid, $2, $3::boolean) o
left join image.images b on b.id = $4::uuid and b.deleted_at is null
left join image.members m on m.image_id = b.id and m.member = $2
