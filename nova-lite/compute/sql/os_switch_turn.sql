-- Fleets that are being switched get on.
select compute.os_switch_turn()::text as done
