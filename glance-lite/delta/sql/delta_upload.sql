-- Records that a store begins to receive what differs from an image's base.
select @delta_base
from image.delta_begin($1::uuid, $2, $3::boolean, $4) b
