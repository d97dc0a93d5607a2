-- The images that the project may see, filtered, in order, behind a marker.
-- A null parameter is a filter that was not asked for. Others' community
-- images show only when asked for by visibility. Planned for each set of
-- parameters (image.plan_anew), so that unused filters cost nothing; hence
-- image.visible is written out here.
select @image
from image.images i
left join image.members m on m.image_id = i.id and m.member = $1
	and ($3::text = 'all' or m.status = $3)
left join image.images mk on mk.id = $6::uuid
where i.deleted_at is null
	and ($5::bigint >= 0 or image.plan_anew())
	and ($2::boolean or i.owner = $1
		or i.visibility in ('public', 'community')
		or (i.visibility = 'shared' and m.member is not null))
	and case when $4::text is null
		then i.visibility <> 'community' or i.owner = $1
		else $4 in (i.visibility, 'all') end
	and ($6::uuid is null or case when mk.id is null or mk.deleted_at
			is not null or not image.visible(mk, mk.visibility =
			'shared', $1, $2)
		then image.refuse('LT400', 'No image found with ID ' || $6)
			is null
		else image.follows(i, mk, $7, $8, $9, $10, $11, $12) end)
	and i.os_hidden = $13::boolean
	and ($14::text[] is null or i.name = any($14))
	and ($15::text[] is null or i.status = any($15))
	and ($16::text[] is null or i.disk_format = any($16))
	and ($17::text[] is null or i.container_format = any($17))
	and ($18::text[] is null or i.id::text = any($18))
	and ($19::bigint is null or i.size >= $19)
	and ($20::bigint is null or i.size <= $20)
	and ($21::jsonb is null or i.tags @> $21)
	and ($22::jsonb is null or i.properties @> $22)
	and ($23::jsonb is null or jsonb_build_object('owner', i.owner,
		'protected', i.protected, 'checksum', i.checksum,
		'os_hash_algo', i.os_hash_algo,
		'os_hash_value', i.os_hash_value, 'size', i.size,
		'virtual_size', i.virtual_size, 'min_disk', i.min_disk,
		'min_ram', i.min_ram) @> $23)
	and ($24::text is null
		or image.time_is(i.created_at, $24, $25::timestamptz))
	and ($26::text is null
		or image.time_is(i.updated_at, $26, $27::timestamptz))
order by
	case when not $8::boolean then image.sort_key(i, $7::text) end,
	case when $8 then image.sort_key(i, $7) end desc,
	case when not $10::boolean then image.sort_key(i, $9::text) end,
	case when $10 then image.sort_key(i, $9) end desc,
	case when not $12::boolean then image.sort_key(i, $11::text) end,
	case when $12 then image.sort_key(i, $11) end desc,
	i.created_at desc, i.id desc
limit $5::bigint
