-- The server that asks ($1 to $4: see catalog/0016_first_boot.sql), when its
-- vendor data has something for it still.
select s.id
from compute.server_asking($1::uuid, $2::text, $3::inet, $4::text) a
join compute.servers s on s.id = a
where s.metadata ->> 'first_boot' = 'cloud-init'
and not exists (select from compute.first_boots f where f.server_id = s.id)
