-- Adds and changes items, or ($4) replaces all, within the quota; the server
-- must be able to boot with what it has then.
update compute.servers s set updated_at = now(), metadata =
	compute.metadata_fit(s.project_id, compute.os_image_wishes(s,
		case when $4::boolean then $3::jsonb
		else s.metadata || $3::jsonb end))
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
returning @metadata
