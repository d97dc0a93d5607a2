-- SPDX-License-Identifier: Apache-2.0
-- Which host makes an image of a base and a project's files, so that of all
-- hosts one does.

-- A row stands from the first want until the image is stored, or was given
-- up.
create table compute.completions (
	project_id text not null,
	base_id uuid not null,
	digest text not null,		-- of the set of files
	image_id uuid not null,		-- that is being made
	host text not null,
	-- It stands in the host's cache, and a job of kind image_snapshot
	-- brings it to the Image service.
	made boolean not null default false,
	since timestamptz not null default now(),
	constraint completions_pkey primary key (project_id, base_id, digest),
	constraint completions_image_key unique (image_id)
);

-- Who makes the image: the host that asks, as p_image, where nobody does or
-- who did seems to have given up. stored: nobody, it is there already.
create function compute.completion_claim(p_project text, p_base uuid,
	p_digest text, p_host text, p_image uuid, out image_id uuid,
	out host text, out made boolean, out stored boolean)
language plpgsql as $$
declare
	claim compute.completions;
begin
	insert into compute.completions as c (project_id, base_id, digest,
		image_id, host)
	values (p_project, p_base, p_digest, p_image, p_host)
	on conflict on constraint completions_pkey do update
	set image_id = excluded.image_id, host = excluded.host,
		made = false, since = now()
	where c.host <> excluded.host
		and (c.since < now() - interval '10 minutes'
		or not c.made and c.since < now() - interval '3 minutes'
		or not exists (select from compute.hosts h
			where h.name = c.host
			and h.heartbeat > now() - interval '1 minute'));
	-- A snapshot is stored before its row goes, so under the row's lock
	-- one or the other is seen.
	select m.image_id into image_id
	from image.shelves s
	join image.manifests m on m.shelf_id = s.id and m.digest = p_digest
	join image.images i on i.id = m.image_id and i.status = 'active'
	where s.owner = p_project and s.base_id = p_base
	order by m.image_id
	limit 1;
	stored := found;
	if stored then
		delete from compute.completions c where c.image_id = p_image;
		return;
	end if;
	select * into claim from compute.completions c
	where c.project_id = p_project and c.base_id = p_base
		and c.digest = p_digest;
	image_id := claim.image_id;
	host := claim.host;
	made := claim.made;
end $$;
