-- Sets extra specs; those not named stay.
update compute.flavors set extra_specs = extra_specs || $2::jsonb
where id = $1::text
