-- The server's machine was not started; $2: there is none.
select compute.os_image_failed($1::uuid, $2::boolean)::text as done
