-- An image that was made stands in the host's cache: a job stores it.
with m as (
	update compute.completions
	set made = true, since = now()
	where image_id = $1::uuid and not made
	returning image_id, host
)
insert into lite.jobs (kind, host, subject, args, request_id)
select 'image_snapshot', m.host, m.image_id, $2::jsonb, $3
from m
