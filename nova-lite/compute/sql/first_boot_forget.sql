-- The machine that a server was is no more: what it got at its first boot is
-- due again, to the one that it becomes.
delete from compute.first_boots where server_id = $1::uuid
