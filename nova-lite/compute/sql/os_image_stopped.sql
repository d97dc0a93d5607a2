-- Nobody waits for the server's ready signal any more.
delete from compute.os_starts
where server_id = $1::uuid
