-- Who makes the image of a project's ($1) files with the digest $3 on base $2:
-- host $4 as image $5, unless somebody does already.
select @claim
from compute.completion_claim($1, $2::uuid, $3, $4, $5::uuid) c
