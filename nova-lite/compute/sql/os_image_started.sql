-- The server's machine is on, and has $2 seconds unless its image says more.
select compute.os_image_started($1::uuid, $2::int)::text as done
