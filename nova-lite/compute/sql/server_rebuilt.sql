-- A server was made anew, and runs; $2: it was stopped and stays so.
update compute.servers
set vm_state = case when $2::bool then 'stopped' else 'active' end,
	power_state = case when $2 then 4 else 1 end, fault = null,
	launched_at = now(), updated_at = now(),
	task_state = case when task_state = 'deleting' then task_state end
where id = $1::uuid
