-- Locks a server against all but administrators, or unlocks it.
update compute.servers set locked = $3::boolean, locked_reason = $4::text,
	updated_at = now()
where id = $1::uuid and deleted_at is null
	and ($2::text is null or project_id = $2)
