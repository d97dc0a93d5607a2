-- Takes of each kind of a list ("a,b") the oldest that nobody else takes.
delete from compute.key_pool p
using (
	select t.id
	from unnest(string_to_array($1::text, ',')) k (kind)
	cross join lateral (
		select id from compute.key_pool
		where kind = k.kind
		order by made_at, id
		limit 1
		for update skip locked) t) t
where p.id = t.id
returning p.kind, p.id::text as id, p.sealed
