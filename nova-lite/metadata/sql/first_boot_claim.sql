-- Who asks is found as in server_metadata.sql: the server of the id $1 (of the
-- project $2, unless null), or of the address $3 on the bridge $4. $5 is the
-- domain of host names. It has nothing given out before, or this is 410.
with s as materialized (
	select s.*, coalesce(h.zone, s.zone) as place
	from compute.servers s
	left join compute.hosts h on h.name = s.host
	where s.deleted_at is null
	and ((s.id = $1::uuid and ($2::text is null or s.project_id = $2))
		or s.id = (
			select p.server_id
			from compute.ports p
			join compute.networks n on n.id = p.network_id
			where p.ip = $3::inet and n.kind = 'bridge'
			and coalesce(n.bridge, 'lite' || left(n.id::text, 8))
				= $4))
)
select jsonb_build_object('id', s.id, 'short', s.hostname,
	'hostname', s.hostname || case when $5 = '' then '' else '.' || $5 end,
	'location', s.place, 'first_boot', s.metadata ->> 'first_boot',
	'addresses', (
		select coalesce(jsonb_agg(host(p.ip) order by p.nic), '[]')
		from compute.ports p
		where p.server_id = s.id and p.ip is not null))::text as doc,
	compute.first_boot_claim(s.id)::text as claim
from s
