-- Subnets of the networks that the project may see.
select @subnet
from compute.subnets s
join compute.networks n on n.id = s.network_id
where ($1::text is null or n.shared or n.project_id = $1)
	and ($2::text[] is null or s.id::text = any ($2))
	and ($3::text[] is null or s.name = any ($3))
	and ($4::text[] is null or n.project_id = any ($4))
	and ($5::text[] is null or s.network_id::text = any ($5))
	and ($6::text[] is null or s.cidr::text = any ($6))
	and ($7::text[] is null or family(s.cidr)::text = any ($7))
	and ($8::text is null or s.id::text > $8)
order by s.id::text
limit $9::bigint
