-- No complete file was made; no row where the image was deleted meanwhile.
update image.deltas d
set making = false
from image.images i
where d.image_id = $1::uuid and i.id = d.image_id and i.deleted_at is null
