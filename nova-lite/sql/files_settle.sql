-- Tells the jobs of a request of the image that has all of their files, if
-- there is one. Whether they may need the contents: not then.
with asked as (
	select j.id, compute.files_made(s.project_id, s.image_id,
		j.args -> 'files') as image
	from lite.jobs j
	join compute.servers s on s.id = j.subject
	where j.request_id = $1 and j.args -> 'files' <> '[]'
), told as (
	update lite.jobs j
	set args = j.args || jsonb_build_object('made_image', a.image)
	from asked a
	where a.id = j.id and a.image is not null
)
select coalesce(bool_or(image is null), false) as needed
from asked
