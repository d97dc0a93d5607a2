-- Whether it was added: see catalog/0016_first_boot.sql.
select compute.key_pool_add($1, $2::uuid, $3, $4::int) as added
