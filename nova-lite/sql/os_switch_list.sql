-- The switches of an OS image, the newest first.
select coalesce(jsonb_agg(compute.os_switch_doc(w, false)
	order by w.created_at desc, w.id), '[]')::text as doc
from compute.os_switches w
where w.name = $1 and ($2::text is null or w.scope = $2)
