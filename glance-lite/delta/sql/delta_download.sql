-- The delta of an image that the project may see, on a base that is there.
select @delta
from image.images i
join image.deltas d on d.image_id = i.id
join image.images b on b.id = d.base_id and b.deleted_at is null
left join image.members m on m.image_id = i.id and m.member = $2
where i.id = $1::uuid and i.status in ('active', 'deactivated')
	and image.visible(i, m.member is not null, $2, $3::boolean)
