-- A start of the server begins; it gets the token $2, and runs the image $3,
-- called $4.
select compute.os_image_begin($1::uuid, $2, $3::uuid, $4)::text as done
