-- The namespaces that a project ($1, $2: an administrator) may see: for one of
-- the resource types $3, of visibility $4 (null: any), behind $5, at most $6
-- of them, by name ($7) or time, down ($8) or up.
select image.metadef_namespace(n)::text as doc, n.namespace
from image.metadef_namespaces n
left join image.metadef_namespaces m on m.namespace = $5
	and image.metadef_visible(m, $1, $2::boolean)
where image.metadef_visible(n, $1, $2::boolean)
	and ($3::text is null or exists (
		select from jsonb_array_elements(n.associations) a
		where a ->> 'name' = any (string_to_array($3, ','))))
	and ($4::text is null or n.visibility = $4)
	and ($5::text is null or case
		when m.namespace is null then image.refuse('LT404', format(
			'Metadata definition namespace=%s was not found.', $5))
			is null
		when $7::boolean and $8::boolean
		then n.namespace < m.namespace
		when $7 then n.namespace > m.namespace
		when $8 then (n.created_at, n.namespace)
			< (m.created_at, m.namespace)
		else (n.created_at, n.namespace)
			> (m.created_at, m.namespace) end)
order by case when not $7 and $8 then n.created_at end desc,
	case when not $7 and not $8 then n.created_at end,
	case when $8 then n.namespace end desc, n.namespace
limit $6::bigint
