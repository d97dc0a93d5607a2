-- The member itself (or an admin) accepts or rejects; no row where the image
-- or the member is not there.
update image.members m
set updated_at = now(), status = case
	when $3::boolean or m.member = $2 then $5
	else image.refuse('LT403', 'You are not permitted to modify ''status'' '
		'on this image member.') end
from image.images i
where i.id = $1::uuid and i.deleted_at is null and m.image_id = i.id
	and m.member = $4 and ($3 or $2 in (i.owner, m.member))
returning @member
