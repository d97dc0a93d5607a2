-- Contents that came with a request.
select encode(c.data, 'hex')
from compute.contents c
where c.request_id = $1 and c.sha256 = $2
