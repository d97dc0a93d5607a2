-- No row where the project is no member.
delete from image.members m
using image.own($1::uuid, $2, $3::boolean) o
where m.image_id = o.id and m.member = $4
