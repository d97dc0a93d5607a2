-- Networks that hosts realise as bridges; $1: one of them, or null.
select @bridge
from compute.networks n
join compute.subnets t on t.network_id = n.id
where n.kind = 'bridge' and ($1::uuid is null or n.id = $1)
order by n.created_at, n.id
