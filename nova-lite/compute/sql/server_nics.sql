-- The ports of a server, in order.
select @nic
from compute.ports p
join compute.networks n on n.id = p.network_id
left join compute.subnets t on t.id = p.subnet_id
where p.server_id = $1::uuid
order by p.nic
