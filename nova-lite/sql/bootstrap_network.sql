-- The first network with its subnet, unless the name is taken. The addresses
-- below the tenth are for what serves the network itself.
with n as (
	insert into compute.networks (name, kind, bridge)
	select $1::text, $3::text, $4::text
	where not exists (select from compute.networks where name = $1)
	returning id
)
insert into compute.subnets (network_id, name, cidr, gateway, first, last, dns)
select n.id, $1 || '-subnet', c.cidr, host(c.cidr)::inet + 1,
	host(c.cidr)::inet + 10, host(broadcast(c.cidr))::inet - 1,
	coalesce(string_to_array($5::text, ',')::inet[], '{}')
from n, (select network($2::text::inet) as cidr) c
