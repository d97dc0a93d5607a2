-- A change that no job is left to finish.
update compute.servers s
set task_state = null, updated_at = now(),
	vm_state = case when vm_state = 'building' then 'error'
		else vm_state end,
	fault = case when vm_state = 'building' then jsonb_build_object(
		'code', 500, 'message', 'The build was lost.',
		'created', to_char(now() at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"')) else fault end
where s.host = $1 and s.deleted_at is null and s.task_state is not null
	and not exists (select from lite.jobs j where j.subject = s.id)
