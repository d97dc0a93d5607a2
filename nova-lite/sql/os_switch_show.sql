-- A switch with its servers.
select compute.os_switch_doc(w, true)::text as doc
from compute.os_switches w
where w.id = $1::uuid and w.name = $2
	and ($3::text is null or w.scope = $3)
