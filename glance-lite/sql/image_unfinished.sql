-- What this host was doing when it stopped.
select @unfinished
from image.images i
where i.host = $1 and i.status in ('saving', 'uploading', 'pending_delete')
	and i.staged is null
