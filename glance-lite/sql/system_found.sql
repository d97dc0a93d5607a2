-- What was found in the bundle of an OS image; $2: its start-up script.
insert into image.systems (image_id, script)
values ($1::uuid, $2::boolean)
on conflict (image_id) do update set script = excluded.script
