-- This host cannot bring the image $2 of the server, for the reason $3: it
-- runs another one, or 409.
select compute.os_image_lost($1::uuid, $2::uuid, $3)::text as done
