-- A server runs. One that is being deleted meanwhile stays so.
update compute.servers
set vm_state = 'active', power_state = 1, fault = null, updated_at = now(),
	launched_at = coalesce(launched_at, now()),
	task_state = case when task_state = 'deleting' then task_state end
where id = $1::uuid
