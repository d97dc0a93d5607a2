-- A base that the project may see, what it has made of it, the host's rates,
-- and the image that has exactly the wanted files. Of several one that the
-- host holds, then the one with the lowest id.
select @candidate_base
from image.images i
left join image.members mm on mm.image_id = i.id and mm.member = $2
left join image.shelves s on s.owner = $2 and s.base_id = i.id
cross join image.manifest_rates($4) r
left join lateral (
	select m.image_id
	from image.manifests m
	join image.images x on x.id = m.image_id and x.status = 'active'
	where m.shelf_id = s.id and m.digest = $5
	order by x.id = any($6::uuid[]) desc, x.id
	limit 1
) e on true
where i.id = $1::uuid and i.deleted_at is null
	and image.visible(i, mm.member is not null, $2, $3::boolean)
