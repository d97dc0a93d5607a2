-- Limits of a project, {resource: limit}; not below its use unless forced.
insert into compute.quotas (project_id, resource, hard_limit)
select $1::text, e.key, compute.quota_allowed($1, e.key, e.value::int,
	$3::boolean)
from jsonb_each_text($2::jsonb) e
on conflict on constraint quotas_pkey
	do update set hard_limit = excluded.hard_limit
