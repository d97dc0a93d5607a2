-- What was done to a server, newest first, or ($3) by one request. A deleted
-- server still has its actions.
select @action
from compute.servers s
left join compute.actions a on a.server_id = s.id
	and ($3::text is null or a.request_id = $3)
	and a.updated_at >= coalesce($4::timestamptz, '-infinity')
	and a.updated_at <= coalesce($5::timestamptz, 'infinity')
	and ($6::text is null or a.id < (select
		coalesce(max(m.id)::text, compute.refuse(400, format(
			'marker [%s] not found', $6)))::bigint
		from compute.actions m
		where m.server_id = s.id and m.request_id = $6))
where s.id = $1::uuid and (s.deleted_at is null or $8::boolean)
	and ($2::text is null or s.project_id = $2)
order by a.id desc
limit $7::bigint
