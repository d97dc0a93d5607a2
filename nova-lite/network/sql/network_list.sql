-- Networks that the project ($1; null: any) may see; every filter is a list
-- of which one has to fit, null where it was not asked for.
select @network
from compute.networks n
where ($1::text is null or n.shared or n.project_id = $1)
	and ($2::text[] is null or n.id::text = any ($2))
	and ($3::text[] is null or n.name = any ($3))
	and ($4::text[] is null or n.project_id = any ($4))
	and ($5::text[] is null or 'ACTIVE' = any ($5))
	and ($6::boolean is null or n.shared = $6)
	and ($7::text is null or n.id::text > $7)
order by n.id::text
limit $8::bigint
