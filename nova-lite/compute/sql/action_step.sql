-- In the action's events: the step before has ended ($5: badly, with the
-- details $6, unless it was an undo), and the one named $3 begins on host $4.
with a as (
	select id
	from compute.actions
	where server_id = $1::uuid and request_id = $2
	order by id desc
	limit 1
), ended as (
	update compute.action_events v
	set finished_at = now(),
		result = case when $5::bool and v.event not like '%:undo'
			then 'Error' else 'Success' end,
		details = case when $5::bool and v.event not like '%:undo'
			then $6 end
	from a
	where v.action_id = a.id and v.finished_at is null and v.event <> $3
)
insert into compute.action_events (action_id, event, host)
select a.id, $3, $4
from a
where not exists (
	select from compute.action_events v
	where v.action_id = a.id and v.event = $3 and v.finished_at is null)
