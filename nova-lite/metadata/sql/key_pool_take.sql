-- Takes the oldest of a kind that nobody else takes.
delete from compute.key_pool p
using (
	select id from compute.key_pool
	where kind = $1
	order by made_at, id
	limit 1
	for update skip locked) t
where p.id = t.id
returning p.id::text as id, p.sealed
