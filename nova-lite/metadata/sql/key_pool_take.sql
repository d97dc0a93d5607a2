-- Takes of each kind of a list ("a,b") the oldest that nobody else takes. It is
-- chosen once: a plan that came back for more would drain the pool.
with chosen as materialized (
	select t.id
	from unnest(string_to_array($1::text, ',')) k (kind)
	cross join lateral (
		select id from compute.key_pool
		where kind = k.kind
		order by made_at, id
		limit 1
		for update skip locked) t
)
delete from compute.key_pool p
using chosen c
where p.id = c.id
returning p.kind, p.id::text as id, p.sealed
