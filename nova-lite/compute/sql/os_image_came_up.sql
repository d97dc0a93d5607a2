-- The server has shown the token $2.
select compute.os_image_ready($1::uuid, $2)::text as taken
