-- What is offered to a project.
select jsonb_build_object(
	'kernels', (
		select coalesce(jsonb_agg(jsonb_build_object(
			'index', k.index, 'id', (k.image).id,
			'name', (k.image).name,
			'release', (k.image).properties ->> 'boot:release',
			'module_sets', (
				select coalesce(jsonb_agg(jsonb_build_object(
					'id', (s.image).id,
					'name', (s.image).name,
					'base_modules', to_jsonb(s.base),
					'modules', to_jsonb(s.modules))
					order by (s.image).created_at,
						(s.image).id), '[]')
				from compute.boot_sets($1, (k.image).id) s))
			order by k.index), '[]')
		from compute.boot_offered($1, 'aki') k),
	'ramdisks', (
		select coalesce(jsonb_agg(jsonb_build_object(
			'index', r.index, 'id', (r.image).id,
			'name', (r.image).name, 'size', (r.image).size)
			order by r.index), '[]')
		from compute.boot_offered($1, 'ari') r),
	'module_policies', '[{"index": 0, "name": "any"},
		{"index": 1, "name": "provided"},
		{"index": 2, "name": "none"}]'::jsonb)::text as doc
