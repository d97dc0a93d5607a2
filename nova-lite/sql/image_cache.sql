-- The hosts of the aggregate $1 that have to bring the images $2.
select h as host
from compute.image_cache($1::bigint, $2::uuid[], $3) h
