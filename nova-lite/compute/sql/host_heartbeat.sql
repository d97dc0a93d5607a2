update compute.hosts
set heartbeat = now()
where name = $1
