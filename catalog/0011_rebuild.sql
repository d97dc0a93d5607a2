-- SPDX-License-Identifier: Apache-2.0
-- Files that come with a server, and servers made anew.

-- -- files ----------------------------------------------------------------

create index files_sha256_idx on image.files (shelf_id, sha256);

-- The size of the file of these contents under this path that stands in an
-- image that the project made from the base; null: in none.
create function compute.file_size(p_project text, p_base uuid, p_path text,
	p_sha256 text) returns bigint
language sql stable as $$
	select f.size
	from image.shelves s
	join image.files f on f.shelf_id = s.id
	where s.owner = p_project and s.base_id = p_base and f.path = p_path
		and f.sha256 = decode(p_sha256, 'hex')
		and exists (select from image.manifest_files mf
			join image.manifests m on m.id = mf.manifest_id
			join image.images i on i.id = m.image_id
			where mf.file_id = f.id and i.status = 'active')
	limit 1
$$;

-- One file of a list with its size, or an error that says why the project may
-- not have it; p_name: what errors call it, null where they are Nova's.
create function compute.file_fit(p_file jsonb, p_name text, p_project text,
	p_base uuid) returns jsonb
language plpgsql as $$
declare
	path_bytes int := compute.quota(p_project, 'injected_file_path_bytes');
	bytes int := compute.quota(p_project, 'injected_file_content_bytes');
	size bigint := coalesce((p_file ->> 'size')::bigint,
		compute.file_size(p_project, p_base, p_file ->> 'path',
			p_file ->> 'sha256'));
begin
	if path_bytes >= 0 and octet_length(p_file ->> 'path') > path_bytes then
		perform compute.refuse(403, coalesce(p_name || format('.path '
			'has more than the %s bytes allowed', path_bytes),
			'Personality file path exceeds maximum '
			|| path_bytes));
	elsif size is null then
		perform compute.refuse(400, p_name || '.sha256 is not that of '
			'this path in an image that the project has made from '
			'the same image');
	elsif bytes >= 0 and size > bytes then
		perform compute.refuse(403, coalesce(p_name || format(
			'.contents has more than the %s bytes allowed', bytes),
			'Personality file content exceeds maximum ' || bytes));
	end if;
	return p_file || jsonb_build_object('size', size);
end
$$;

-- The files of a create or a rebuild, all with their sizes, or an error. The
-- first p_plain of them stood in personality, the others in lite:files.
create function compute.files_fit(p_files jsonb, p_plain int, p_project text,
	p_base uuid) returns jsonb
language plpgsql as $$
declare
	most int := compute.quota(p_project, 'injected_files');
begin
	if most >= 0 and jsonb_array_length(p_files) > most then
		perform compute.refuse(403, 'Personality file limit exceeded');
	end if;
	return (select coalesce(jsonb_agg(compute.file_fit(f.value,
			'lite:files[' || nullif(greatest(f.at - p_plain, 0), 0)
			- 1 || ']', p_project, p_base) order by f.at), '[]')
		from jsonb_array_elements(p_files)
			with ordinality f (value, at));
end
$$;

-- The disks and host that a create names must be possible.
create or replace function compute.parts_check(p jsonb, p_project text,
	f compute.flavors) returns void
language plpgsql as $$
declare
	place text := coalesce(p ->> 'on_host', p ->> 'on_node');
begin
	if (p ->> 'ephemeral_gb')::int > f.ephemeral then
		perform compute.refuse(400, 'Ephemeral disks requested are '
			'larger than the instance type allows. If no size is '
			'given in one block device mapping, flavor ephemeral '
			'size will be used.');
	elsif (p ->> 'swap_mb')::int > f.swap then
		perform compute.refuse(400, 'Swap drive requested is larger '
			'than instance type allows.');
	elsif (p ->> 'place_known')::boolean and not exists (
		select from compute.hosts h where h.name = coalesce(
			p ->> 'on_host', h.name) and h.hypervisor_hostname
			= coalesce(p ->> 'on_node', h.hypervisor_hostname))
	then
		perform compute.refuse(400, format('Compute host %s could not '
			'be found.', place));
	end if;
end
$$;
