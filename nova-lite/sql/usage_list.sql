-- Servers that ran between $2 and $3, by project, behind a marker.
select @usage
from compute.servers s
where ($1::text is null or s.project_id = $1)
	and s.launched_at < $3::timestamptz
	and (s.terminated_at is null or s.terminated_at > $2::timestamptz)
	and ($4::text is null or (s.project_id, s.id) > (
		select m.project_id, m.id from compute.server_marker($4) m))
order by s.project_id, s.id
limit $5::bigint
