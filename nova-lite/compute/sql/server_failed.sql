-- An operation failed: $2 is the state to show, null to leave it as it was;
-- $3 what went wrong; $4 the power state, null: unknown.
update compute.servers
set vm_state = coalesce($2, vm_state),
	power_state = coalesce($4::int, power_state),
	task_state = case when task_state = 'deleting' and $2 is null
		then task_state end,
	fault = jsonb_build_object('code', 500, 'message', $3::text,
		'created', to_char(now() at time zone 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
	updated_at = now()
where id = $1::uuid
