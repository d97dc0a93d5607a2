-- The server that asks ($1 to $4: see catalog/0016_first_boot.sql).
select a.id::text as id
from compute.server_asking($1::uuid, $2::text, $3::inet, $4::text) a (id)
