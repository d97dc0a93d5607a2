update compute.servers
set vm_state = 'stopped', power_state = 4, updated_at = now(),
	task_state = case when task_state = 'deleting' then task_state end
where id = $1::uuid
