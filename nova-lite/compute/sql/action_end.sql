-- The action of request $2 is over; $3: it failed, for the reason $4. A step
-- that failed and had nothing to undo is still open.
with a as (
	update compute.actions
	set updated_at = now(),
		message = case when $3::bool then 'Error' else message end
	where id = (
		select id
		from compute.actions
		where server_id = $1::uuid and request_id = $2
		order by id desc
		limit 1)
	returning id
)
update compute.action_events v
set finished_at = now(),
	result = case when $3 and v.event not like '%:undo' then 'Error'
		else 'Success' end,
	details = case when $3 and v.event not like '%:undo' then $4 end
from a
where v.action_id = a.id and v.finished_at is null
