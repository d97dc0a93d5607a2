-- Shares an image; no row where it is shared with that project already.
with i as (
	select * from image.own($1::uuid, $2, $3::boolean)
), m as (
	insert into image.members (image_id, member)
	select i.id, case
		when i.visibility <> 'shared' then image.refuse('LT403',
			'Only shared images have members.')
		when (select count(*) from image.members n
			where n.image_id = i.id) >= $5::int
		then image.refuse('LT413', format('The limit has been exceeded '
			'on the number of allowed image members for this '
			'image. Attempted: %s, Maximum: %s', $5 + 1, $5))
		else $4 end
	from i
	on conflict do nothing
	returning *
)
select @member from m, i
