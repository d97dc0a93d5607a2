-- What was going on with a store when its daemon stopped.
select @unfinished
from image.images i
where i.store = $1 and i.status in ('saving', 'uploading', 'pending_delete')
	and i.staged is null
