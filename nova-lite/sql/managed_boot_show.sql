-- What a server of the caller ($2: its project, null: any) boots with; null
-- when it is not managed.
select case when s.boot is not null then jsonb_build_object(
	'kernel', (s.boot -> 'kernel') - 'hash',
	'module_set', (s.boot -> 'set') - 'hash',
	'base_modules', coalesce(s.boot -> 'base', '[]'),
	'modules', coalesce(s.boot -> 'modules', '[]'),
	'ramdisk', (s.boot -> 'ramdisk') - 'hash',
	'ramdisk_size', s.boot -> 'ramdisk_size',
	'cmdline', s.boot -> 'cmdline',
	'module_policy', s.boot -> 'policy',
	'firmware', s.boot -> 'firmware',
	'digest', s.boot_digest,
	'built_at', to_char(s.boot_built_at at time zone 'UTC',
		'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text end as doc
from compute.servers s
where s.id = $1::uuid and s.deleted_at is null
	and ($2::text is null or s.project_id = $2)
