-- The image of a shelf that is cheapest to complete to the wanted files, or
-- the base. Looked at are the images that hold any of the rarer files, those
-- that together have at most $4 uses, and of the others the ones of up to $11
-- files. What is beyond those shares the common files at most, whose number
-- and bytes tell the caller whether to look on, and up to what size: a larger
-- image has too much to remove.
--
-- has: a digit for each wanted file, in order. files: the excess ones.
with asked as materialized (
	select a.key, a.bytes, a.n
	from unnest($2::text[], $3::bigint[]) with ordinality
		a(key, bytes, n)
), total as materialized (
	select count(*) as n, sum(bytes)::bigint as bytes from asked
), wanted as materialized (
	select f.id, f.size, a.bytes, a.n,
		sum(f.uses) over (order by f.uses, f.id) <= $4::bigint as rare
	from asked a
	join image.files f on f.shelf_id = $1::int
		and f.key = decode(a.key, 'hex')
), hits as materialized (
	select h.manifest_id, w.size, w.bytes
	from wanted w
	cross join lateral (
		select mf.manifest_id
		from image.manifest_files mf
		where mf.file_id = w.id
		offset 0
	) h
	where w.rare
), more as materialized (
	select near.manifest_id, w.size, w.bytes
	from (
		select manifest_id from hits
		union
		select id from image.manifests
		where shelf_id = $1 and file_count between 0 and $11::int
	) near
	cross join lateral (
		select mf.file_id
		from image.manifest_files mf
		where mf.manifest_id = near.manifest_id
		offset 0
	) h
	join wanted w on w.id = h.file_id
	where not w.rare
), shared as materialized (
	select manifest_id, count(*) as n, sum(size)::bigint as size,
		sum(bytes)::bigint as bytes
	from (select * from hits union all select * from more) h
	group by manifest_id
), ranked as (
	select m.id, m.image_id, s.n, s.bytes, m.file_count - s.n as excess,
		case when m.image_id = any($6::uuid[]) then 0
			else m.size - s.size end as carry
	from shared s
	cross join lateral (
		select m.*
		from image.manifests m
		join image.images i on i.id = m.image_id
			and i.status = 'active'
		where m.id = s.manifest_id
		offset 0
	) m
	union all
	select null, $5::uuid, 0, 0, 0, 0
), best as (
	select r.*
	from ranked r, total t
	order by round(($7::float8 * (t.n - r.n)
			+ $8::float8 * (t.bytes - r.bytes)
			+ $9::float8 * r.excess
			+ $10::float8 * r.carry) * 1e9),
		r.n < t.n, r.image_id = any($6) desc, r.image_id
	limit 1
)
select @candidate
from (
	select best.image_id, best.excess::bigint, best.carry::bigint,
		(select string_agg(case when mf.file_id is null then '0'
				else '1' end, '' order by a.n)
			from asked a
			left join wanted w on w.n = a.n
			left join image.manifest_files mf on mf.file_id = w.id
				and mf.manifest_id = best.id) as has,
		(select json_agg(json_build_object('path', f.path,
				'sha256', encode(f.sha256, 'hex'),
				'size', f.size, 'mode', image.octal(f.mode),
				'uid', f.uid, 'gid', f.gid)
				order by f.path collate "C")
			from image.manifest_files mf
			join image.files f on f.id = mf.file_id
			where mf.manifest_id = best.id and f.id not in (
				select id from wanted)) as files,
		(select count(*) from wanted where not rare) as common,
		(select coalesce(sum(bytes), 0)::bigint from wanted
			where not rare) as common_bytes
	from best
) b
