-- Removes an item that is there.
update compute.servers s set metadata = s.metadata - $3::text,
	updated_at = now()
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2) and s.metadata ? $3
