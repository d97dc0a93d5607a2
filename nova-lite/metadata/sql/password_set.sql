-- The server that asks ($1 to $4: see catalog/0016_first_boot.sql); $5 is the
-- password. One that has one keeps it: the row says which it is.
with s as (
	select id, password
	from compute.servers
	where id in (select compute.server_asking($1::uuid, $2::text,
		$3::inet, $4::text))
	for update
), written as (
	update compute.servers t
	set password = $5
	from s
	where t.id = s.id and s.password is null
)
select s.password is null as was_free
from s
