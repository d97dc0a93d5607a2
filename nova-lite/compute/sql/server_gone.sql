select compute.server_gone($1::uuid)
