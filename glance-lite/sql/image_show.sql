-- An image that the project may see.
-- @multiget
select @image
from image.images i
left join image.members m on m.image_id = i.id and m.member = $2
where i.id = $1::uuid and i.deleted_at is null
	and image.visible(i, m.member is not null, $2, $3::boolean)
