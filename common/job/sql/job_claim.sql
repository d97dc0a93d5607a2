-- Claims up to $4 jobs of the host, the oldest of each subject that is idle.
with next as (
	select n.id
	from lite.jobs n
	where n.host = $1 and n.claimed_by is null
	and n.kind = any ($3::text[])
	and not exists (
		select from lite.jobs b
		where b.subject = n.subject
		and (b.id < n.id or b.claimed_by is not null))
	order by n.id
	limit $4::int
	for update skip locked
)
update lite.jobs j
set claimed_by = $2, claimed_at = now()
from next
where j.id = next.id
returning @job
