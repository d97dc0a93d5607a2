-- Ports of the project ($1; null: any).
select @port
from compute.ports p
left join compute.servers v on v.id = p.server_id
where ($1::text is null or p.project_id = $1)
	and ($2::text[] is null or p.id::text = any ($2))
	and ($3::text[] is null or p.name = any ($3))
	and ($4::text[] is null or p.project_id = any ($4))
	and ($5::text[] is null or p.network_id::text = any ($5))
	and ($6::text[] is null or p.server_id::text = any ($6))
	and ($7::text[] is null or p.mac::text = any ($7))
	and ($8::text[] is null or host(p.ip) = any ($8))
	and ($9::text[] is null
		or case when v.vm_state = 'active' then 'ACTIVE' else 'DOWN'
			end = any ($9))
	and ($10::text is null or p.id::text > $10)
order by p.id::text
limit $11::bigint
