-- Everything that a create is, at once: see catalog/0005_compute_rules.sql and,
-- for the files, catalog/0011_rebuild.sql.
select @created
from (select jsonb_strip_nulls($1::jsonb) as p) a
cross join lateral compute.server_create(jsonb_set(a.p, '{job,files}',
	compute.files_fit(a.p #> '{job,files}', (a.p ->> 'plain_files')::int,
		a.p ->> 'project_id', (a.p ->> 'image_id')::uuid))) c
