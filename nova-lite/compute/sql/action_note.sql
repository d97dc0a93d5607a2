-- What the user is told about the action of request $2; $4: unless that has
-- words already.
update compute.actions
set message = $3
where id = (
	select id
	from compute.actions
	where server_id = $1::uuid and request_id = $2
	order by id desc
	limit 1)
and (message is null or not $4::boolean)
