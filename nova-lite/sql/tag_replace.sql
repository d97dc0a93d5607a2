-- All tags of a server, each once, in order.
update compute.servers s set updated_at = now(), tags = array(
	select distinct t from jsonb_array_elements_text($3::jsonb) t
	order by t)
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
returning @tags
