-- All that this host has, and had within a month: for reconciliation.
select @host_server
from compute.servers s
where s.host = $1
and (s.deleted_at is null or s.deleted_at > now() - interval '31 days')
