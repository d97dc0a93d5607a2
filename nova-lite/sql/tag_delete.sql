-- Removes a tag that is there.
update compute.servers s set tags = array_remove(s.tags, $3::text),
	updated_at = now()
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2) and $3 = any (s.tags)
