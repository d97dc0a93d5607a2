-- The digests of the contents that came with a request.
select c.sha256
from compute.contents c
where c.request_id = $1
