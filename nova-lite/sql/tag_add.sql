-- One more tag, of 50 at most; had: it was there.
with o as (
	select id, $3::text = any (tags) as had, cardinality(tags) as held
	from compute.servers
	where id = $1::uuid and deleted_at is null
		and ($2::text is null or project_id = $2) for update
), u as (
	update compute.servers s set updated_at = now(), tags = array(
		select t from unnest(s.tags || $3) t order by t)
	from o where s.id = o.id and not o.had and o.held < 50
)
select @added from o
