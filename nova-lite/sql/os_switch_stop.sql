-- No more servers are switched; $4: who says so.
select compute.os_switch_doc(w, true)::text as doc
from compute.os_switch_stop($1::uuid, $2, $3::text, $4::jsonb) w
