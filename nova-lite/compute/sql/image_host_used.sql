-- The host $2 needs the image $1 now, and brings it where it is not there.
insert into compute.image_hosts (image_id, host, state)
values ($1::uuid, $2, 'fetching')
on conflict (image_id, host) do update set used_at = now()
