-- The image $1 on the host $2 is in state $3, for the reason $4.
update compute.image_hosts
set state = $3, message = $4, used_at = now()
where image_id = $1::uuid and host = $2
