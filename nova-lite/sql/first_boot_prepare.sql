-- Whether the agent comes with the servers of a request: see
-- catalog/0016_first_boot.sql.
select compute.first_boot_prepare($1::text, $2::jsonb) as added
