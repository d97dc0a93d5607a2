-- The server that asks ($1 to $4: see catalog/0016_first_boot.sql); $5 is the
-- domain of host names. It has nothing given out before, or this is 410.
with s as materialized (
	select s.*, coalesce(h.zone, s.zone) as place
	from compute.server_asking($1::uuid, $2::text, $3::inet, $4::text) a
	join compute.servers s on s.id = a
	left join compute.hosts h on h.name = s.host
)
select jsonb_build_object('id', s.id, 'short', s.hostname,
	'hostname', s.hostname || case when $5 = '' then '' else '.' || $5 end,
	'location', s.place,
	'addresses', (
		select coalesce(jsonb_agg(host(p.ip) order by p.nic), '[]')
		from compute.ports p
		where p.server_id = s.id and p.ip is not null))::text as doc,
	compute.first_boot_claim(s.id)::text as claim
from s
