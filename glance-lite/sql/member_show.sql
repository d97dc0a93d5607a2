-- As member_list, for one member.
select @member
from image.images i
left join image.members own on own.image_id = i.id and own.member = $2
left join image.members m on m.image_id = i.id and m.member = $4
	and ($3::boolean or i.owner = $2 or m.member = $2)
where i.id = $1::uuid and i.deleted_at is null
	and image.visible(i, own.member is not null, $2, $3)
