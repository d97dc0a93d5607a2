-- The server that is being made anew; see catalog/0011_rebuild.sql.
select @server
from compute.server_rebuild($1::uuid, $2::text, $3::jsonb, $4::jsonb) s
left join compute.hosts h on h.name = s.host
