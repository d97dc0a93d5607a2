-- What a guest did by itself: $2 is its power state now. Not while a job is
-- at it, which knows better.
update compute.servers s
set power_state = $2::int, updated_at = now(),
	vm_state = case
		when $2 in (0, 4, 6) and vm_state in ('active', 'paused')
			then 'stopped'
		when $2 = 1 and vm_state in ('stopped', 'paused') then 'active'
		when $2 = 3 and vm_state = 'active' then 'paused'
		else vm_state end
where s.id = $1::uuid and s.deleted_at is null and s.host = $3
	and s.power_state <> $2
	and s.vm_state in ('active', 'paused', 'stopped')
	and not exists (select from lite.jobs j where j.subject = s.id)
