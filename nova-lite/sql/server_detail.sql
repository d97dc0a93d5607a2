-- A page of the servers that fit; see catalog/0009_server_list.sql.
select @server
from compute.servers s
left join compute.hosts h on h.name = s.host
left join compute.server_marker($26::text) m on true
where ($1::text is null or s.project_id = $1)
	and compute.server_fits(s, h.zone, $2::timestamptz, $3::timestamptz,
		$4::boolean, $5::text, $6::text[], $7::text[], $8::text,
		$9::text, $10::text, $11::text, $12::text, $13::text,
		$14::text, $15::text, $16::text, $17::boolean, $18::jsonb)
	and (($19::text is null and $20::text is null)
		or compute.server_at(s.id, $19, $20))
	and compute.server_tagged(s.tags, $21::text[], $22::text[],
		$23::text[], $24::text[])
	and ($26 is null or exists (select from compute.server_marker($26)))
	and ($26 is null or case when $28::boolean
		then (coalesce(compute.server_sort(s, $27::text), ''),
			s.created_at, s.id)
			> (coalesce(compute.server_sort(m, $27), ''),
				m.created_at, m.id)
		else (coalesce(compute.server_sort(s, $27), ''),
			s.created_at, s.id)
			< (coalesce(compute.server_sort(m, $27), ''),
				m.created_at, m.id)
		end)
order by case when $28 then coalesce(compute.server_sort(s, $27), '') end,
	case when $28 then s.created_at end, case when $28 then s.id end,
	coalesce(compute.server_sort(s, $27), '') desc, s.created_at desc,
	s.id desc
limit $25::bigint
