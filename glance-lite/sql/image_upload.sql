-- Records that this host begins to receive an image's bytes.
update image.images i
set host = $4, updated_at = now(), status = case
	when o.status <> 'queued' then image.refuse('LT409', format(
		'Image status transition from %s to saving is not allowed',
		o.status))
	when o.disk_format is null or o.container_format is null then
		image.refuse('LT400', format('Properties %s must be set prior '
			'to saving data.', concat_ws(', ',
			case when o.disk_format is null
				then 'disk_format' end,
			case when o.container_format is null
				then 'container_format' end)))
	else 'saving' end
from image.own($1::uuid, $2, $3::boolean) o
where i.id = o.id
returning @upload
