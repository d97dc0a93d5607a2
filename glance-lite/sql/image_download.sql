-- What a download needs to know of an image that the project may see.
select @download
from image.images i
left join image.deltas d on d.image_id = i.id
left join image.members m on m.image_id = i.id and m.member = $2
where i.id = $1::uuid and i.deleted_at is null
	and image.visible(i, m.member is not null, $2, $3::boolean)
