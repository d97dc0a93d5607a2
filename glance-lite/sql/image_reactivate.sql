update image.images i
set updated_at = now(), status = case
	when o.status in ('active', 'deactivated') then 'active'
	else image.refuse('LT403', format('Not allowed to reactivate image '
		'in status ''%s''', o.status)) end
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id
