-- A server that was not built has no addresses.
delete from compute.ports
where server_id = $1::uuid
