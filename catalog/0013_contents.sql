-- SPDX-License-Identifier: Apache-2.0
-- The contents of the files that came with a request, for as long as its jobs
-- may need them. They may be many megabytes: beside the jobs, not in them, so
-- that an agent reads what it lacks and nobody parses the rest.
create table compute.contents (
	request_id text not null,
	sha256 text not null,
	data bytea not null,
	constraint contents_pkey primary key (request_id, sha256)
);
alter table compute.contents alter column data set storage external;

create index jobs_request_idx on lite.jobs (request_id);

-- They go with the last job of the request.
create function compute.contents_go() returns trigger
language plpgsql as $$
begin
	delete from compute.contents
	where request_id = old.request_id
		and not exists (select from lite.jobs
			where request_id = old.request_id);
	return null;
end $$;
create trigger jobs_contents_go after delete on lite.jobs
	for each row when (old.args ? 'files')
	execute function compute.contents_go();

-- The active image that the project has made of the base and of exactly these
-- files; null: none. See api-ref/manifests.md for the digest.
create function compute.files_made(p_project text, p_base uuid, p_files jsonb)
	returns uuid
language sql stable as $$
	with files as (
		select f.*, regexp_split_to_array(f.mode, '')::int[] as m
		from jsonb_to_recordset(p_files) as f(path text, sha256 text,
			size bigint, mode text, uid bigint, gid bigint)
	), wanted as (
		select encode(sha256(string_agg(convert_to(concat_ws(' ',
			sha256, size, m[1] * 512 + m[2] * 64 + m[3] * 8 + m[4],
			uid, gid, path), 'UTF8') || '\x00', ''
			order by path collate "C")), 'hex') as digest
		from files
	)
	select i.id
	from wanted w
	join image.shelves s on s.owner = p_project and s.base_id = p_base
	join image.manifests m on m.shelf_id = s.id and m.digest = w.digest
	join image.images i on i.id = m.image_id and i.status = 'active'
	order by i.id
	limit 1
$$;
