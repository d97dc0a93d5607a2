-- A job of one of the kinds $2 that waits behind this one.
select n.id
from lite.jobs j
join lite.jobs n on n.subject = j.subject and n.id > j.id
where j.id = $1::bigint and n.kind = any ($2::text[])
limit 1
