update image.images i
set updated_at = now(), tags = case
	when o.tags ? $4 then o.tags
	when jsonb_array_length(o.tags) >= $5::int then image.refuse('LT413',
		format('Image tag limit exceeded for image %s: The limit has '
			'been exceeded on the number of allowed image tags. '
			'Attempted: %s, Maximum: %s:', o.id,
			jsonb_array_length(o.tags) + 1, $5))::jsonb
	else o.tags || to_jsonb($4::text) end
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id
