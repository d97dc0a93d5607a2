-- Servers that fit the filters, a page of them. A null parameter is a filter
-- that was not asked for.
select @server
from compute.servers s
left join compute.hosts h on h.name = s.host
where ($1::text is null or s.project_id = $1)
	and case when $2::timestamptz is null and $3::timestamptz is null
		then (s.deleted_at is not null) = $4::boolean
		else s.updated_at >= coalesce($2, '-infinity')
			and s.updated_at <= coalesce($3, 'infinity') end
	and ($5::text is null or s.name ~ $5)
	and ($6::text[] is null or s.vm_state = any ($6))
	and ($7::text[] is null or s.task_state = any ($7))
	and ($8::text is null or s.image_id::text = $8)
	and ($9::text is null or s.flavor_id = $9)
	and ($10::text is null or s.host = $10)
	and ($11::text is null or s.id::text = $11)
	and ($12::text is null or s.key_name = $12)
	and ($13::text is null or coalesce(h.zone, s.zone) = $13)
	and ($14::text is null or s.user_id = $14)
	and ($15::text is null or s.reservation_id = $15)
	and ($16::text is null or s.hostname = $16)
	and ($17::boolean is null or s.locked = $17)
	and ($18::text is null or exists (select from compute.ports p
		where p.server_id = s.id and host(p.ip) ~ $18))
	and ($19::text[] is null or s.tags @> $19)
	and ($20::text[] is null or s.tags && $20)
	and ($21::text is null
		or exists (select from compute.server_marker($21)))
	and ($21 is null or case when $24::boolean
		then (coalesce(compute.server_sort(s, $23::text), ''),
			s.created_at, s.id) > (select
			coalesce(compute.server_sort(m, $23), ''),
			m.created_at, m.id from compute.server_marker($21) m)
		else (coalesce(compute.server_sort(s, $23), ''),
			s.created_at, s.id) < (select
			coalesce(compute.server_sort(m, $23), ''),
			m.created_at, m.id from compute.server_marker($21) m)
		end)
order by case when $24 then coalesce(compute.server_sort(s, $23), '') end,
	case when $24 then s.created_at end, case when $24 then s.id end,
	coalesce(compute.server_sort(s, $23), '') desc, s.created_at desc,
	s.id desc
limit $22::bigint
