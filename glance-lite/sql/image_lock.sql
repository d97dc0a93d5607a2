-- The image as its owner is about to change it.
select @image
from image.own($1::uuid, $2, $3::boolean) i
