-- No row where the image does not have the tag.
update image.images i
set updated_at = now(), tags = o.tags - $4::text
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id and o.tags ? $4
