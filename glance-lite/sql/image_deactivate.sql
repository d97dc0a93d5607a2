-- Stops downloads of an image by others than admins.
update image.images i
set updated_at = now(), status = case
	when o.status in ('active', 'deactivated') then 'deactivated'
	else image.refuse('LT403', format('Not allowed to deactivate image '
		'in status ''%s''', o.status)) end
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id
