-- The OS images that the project $1 ($2: an administrator) may run, or the one
-- with the name $3.
select compute.os_image_list($1, $2::boolean, $3)::text as doc
