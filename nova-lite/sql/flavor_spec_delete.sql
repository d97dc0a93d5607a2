-- Removes an extra spec that is there.
update compute.flavors set extra_specs = extra_specs - $2::text
where id = $1::text and extra_specs ? $2
