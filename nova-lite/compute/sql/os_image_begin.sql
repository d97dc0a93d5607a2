-- A start of the server begins; it gets the token $2.
select compute.os_image_begin($1::uuid, $2)::text as done
