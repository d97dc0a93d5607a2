-- The server has the boot image $2 of the parameters $3, built at $4 (seconds
-- since 1970).
update compute.servers
set boot_digest = $2, boot_built_at = to_timestamp($4::bigint)
where id = $1::uuid and boot = $3::jsonb
