-- Begins a switch; see catalog/0019_os_fleet.sql.
select compute.os_switch_doc(w, true)::text as doc
from compute.os_switch_create($1::jsonb, $2::text, $3::jsonb) w
