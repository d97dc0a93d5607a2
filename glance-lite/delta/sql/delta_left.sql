-- Deltas of a store that nobody can use any more, because they or their base
-- are deleted: those over a base; or all, and those of which a dead daemon was
-- making complete files.
select @delta_left
from image.deltas d
join image.images i on i.id = d.image_id
join image.images b on b.id = d.base_id
where d.store = $1 and case when $2::uuid is null
	then d.making or i.deleted_at is not null or b.deleted_at is not null
	else d.base_id = $2 and b.deleted_at is not null and not d.making end
