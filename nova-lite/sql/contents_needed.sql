-- Whether a job of the request has files whose contents it may need: not where
-- an image has them all.
select coalesce((
	select not compute.files_made(s.project_id, s.image_id,
		j.args -> 'files')
	from lite.jobs j
	join compute.servers s on s.id = j.subject
	where j.request_id = $1 and j.args -> 'files' <> '[]'
	limit 1), false) as needed
