-- What the agent is at with a server that is not being deleted meanwhile.
update compute.servers
set task_state = $2, updated_at = now()
where id = $1::uuid and task_state <> 'deleting'
