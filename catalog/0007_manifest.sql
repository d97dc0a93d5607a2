-- SPDX-License-Identifier: Apache-2.0
-- Which files stand in which images on top of their bases, so that a wanted
-- set of files finds the image that is nearest to it.

-- A project's images on one base: all that ever come in question for a
-- request. Two shelves have nothing in common, so no project learns of
-- another's files or waits for it. Its row is the lock of what stands on it.
create table image.shelves (
	id int generated always as identity primary key,
	owner text not null,
	base_id uuid not null references image.images,
	constraint shelves_key unique (owner, base_id)
);

-- The files of a shelf, each once.
create table image.files (
	id bigint generated always as identity primary key,
	shelf_id int not null references image.shelves,
	key bytea not null,		-- SHA-256 of all that follows
	sha256 bytea not null check (octet_length(sha256) = 32),
	size bigint not null check (size >= 0),
	path text not null,
	mode int not null,
	uid bigint not null,
	gid bigint not null,
	uses int not null default 1,	-- how many images have it
	constraint files_key unique (shelf_id, key)
) with (fillfactor = 85);

create table image.manifests (
	id int generated always as identity primary key,
	image_id uuid not null references image.images,
	shelf_id int not null references image.shelves,
	digest text not null,
	file_count int not null,
	size bigint not null,
	constraint manifests_image_key unique (image_id)
);
create index manifests_digest_idx on image.manifests (shelf_id, digest);
create index manifests_count_idx on image.manifests (shelf_id, file_count);

create table image.manifest_files (
	manifest_id int not null references image.manifests on delete cascade,
	file_id bigint not null references image.files,
	constraint manifest_files_pkey primary key (manifest_id, file_id)
);
-- From a file to the images that have it.
create index manifest_files_file_idx
	on image.manifest_files (file_id, manifest_id);

-- A file's mode as people write it: 0644.
create function image.octal(mode int)
returns text language sql immutable parallel safe as $$
	select concat(mode >> 9 & 7, mode >> 6 & 7, mode >> 3 & 7, mode & 7)
$$;

-- -- writing --------------------------------------------------------------

-- Takes an image's manifest off its shelf, and with it what nobody else uses.
create function image.manifest_drop(want uuid)
returns void language plpgsql as $$
declare
	m image.manifests;
	mine bigint[];
begin
	select * into m from image.manifests where image_id = want;
	if not found then
		return;
	end if;
	perform from image.shelves where id = m.shelf_id for update;
	mine := array(select file_id from image.manifest_files
		where manifest_id = m.id);
	delete from image.manifests where id = m.id;
	update image.files set uses = uses - 1
	where id = any(mine) and uses > 1;
	delete from image.files f
	where id = any(mine) and not exists (select
		from image.manifest_files mf where mf.file_id = f.id);
	delete from image.shelves s
	where s.id = m.shelf_id and not exists (select
		from image.manifests o where o.shelf_id = s.id);
end $$;

-- Gives an image a manifest instead of what it had. The image is locked.
-- files: [{"key", "sha256", "size", "path", "mode", "uid", "gid"} ...].
create function image.manifest_put(want uuid, project text, base uuid,
	set_digest text, files jsonb)
returns void language plpgsql as $$
declare
	shelf int;
begin
	perform image.manifest_drop(want);
	insert into image.shelves as s (owner, base_id) values (project, base)
	on conflict on constraint shelves_key do update set owner = s.owner
	returning id into shelf;
	with f as (
		insert into image.files as f (shelf_id, key, sha256, size,
			path, mode, uid, gid)
		select shelf, decode(w.key, 'hex'), decode(w.sha256, 'hex'),
			w.size, w.path, w.mode, w.uid, w.gid
		from jsonb_to_recordset(files) as w(key text, sha256 text,
			size bigint, path text, mode int, uid bigint,
			gid bigint)
		on conflict on constraint files_key
			do update set uses = f.uses + 1
		returning f.id, f.size
	), m as (
		insert into image.manifests (image_id, shelf_id, digest,
			file_count, size)
		select want, shelf, set_digest, count(*),
			coalesce(sum(f.size), 0)
		from f
		returning id
	)
	insert into image.manifest_files (manifest_id, file_id)
	select m.id, f.id from m, f;
	update image.images i
	set updated_at = now(),
		properties = i.properties || image.manifest_properties(want)
	where i.id = want;
end $$;

-- What an image shows of its manifest among its properties; null: has none.
create function image.manifest_properties(want uuid)
returns jsonb language sql stable as $$
	select jsonb_build_object('inject_base_image', s.base_id,
		'inject_file_count', m.file_count::text,
		'inject_digest', m.digest)
	from image.manifests m
	join image.shelves s on s.id = m.shelf_id
	where m.image_id = want
$$;

-- -- what images do to their manifests -------------------------------------

-- The properties of a manifest are the manifest's to set.
create function image.manifest_guard()
returns trigger language plpgsql as $$
declare
	should jsonb := coalesce(image.manifest_properties(new.id), '{}');
	name text;
begin
	foreach name in array array['inject_base_image', 'inject_file_count',
		'inject_digest']
	loop
		if new.properties -> name is distinct from should -> name then
			raise exception using errcode = 'LT403', message =
				format('Attribute ''%s'' is read-only.', name);
		end if;
	end loop;
	return new;
end $$;
create trigger images_manifest_new before insert on image.images
	for each row when (new.properties ?| array['inject_base_image',
		'inject_file_count', 'inject_digest'])
	execute function image.manifest_guard();
create trigger images_manifest_guard before update of properties
	on image.images for each row
	when (old.properties <> new.properties and
		(old.properties || new.properties) ?| array[
		'inject_base_image', 'inject_file_count', 'inject_digest'])
	execute function image.manifest_guard();

-- A deleted image leaves its shelf.
create function image.manifest_leave()
returns trigger language plpgsql as $$
begin
	perform image.manifest_drop(new.id);
	return null;
end $$;
create trigger images_manifest_leave after update of deleted_at
	on image.images for each row
	when (old.deleted_at is null and new.deleted_at is not null)
	execute function image.manifest_leave();

-- An image that changes hands moves to the shelf of its new owner.
create function image.manifest_move()
returns trigger language plpgsql as $$
begin
	perform image.manifest_put(new.id, new.owner, s.base_id, m.digest,
		(select coalesce(jsonb_agg(jsonb_build_object(
				'key', encode(f.key, 'hex'),
				'sha256', encode(f.sha256, 'hex'),
				'size', f.size, 'path', f.path,
				'mode', f.mode, 'uid', f.uid, 'gid', f.gid)),
			'[]')
		from image.manifest_files mf
		join image.files f on f.id = mf.file_id
		where mf.manifest_id = m.id))
	from image.manifests m
	join image.shelves s on s.id = m.shelf_id
	where m.image_id = new.id;
	return null;
end $$;
create trigger images_manifest_move after update of owner
	on image.images for each row when (old.owner <> new.owner)
	execute function image.manifest_move();

-- -- rates ------------------------------------------------------------------

-- What hosts measured: sums in which each new measurement pushes the older
-- ones down by an eighth, so that their quotient is a moving average weighted
-- by how much was done.
create table image.rates (
	host text not null,
	kind text not null check (kind in ('transfer', 'injection',
		'removal')),
	amount double precision not null,	-- bytes, files, files
	seconds double precision not null,
	samples bigint not null default 1,
	updated_at timestamptz not null default now(),
	constraint rates_pkey primary key (host, kind)
);

-- Notes that a host took so many seconds to transfer so many bytes, to inject
-- or to remove so many files.
create function image.manifest_rate_note(host text, kind text,
	amount double precision, seconds double precision)
returns void language sql as $$
	insert into image.rates as r (host, kind, amount, seconds)
	select host, kind, amount, seconds
	where amount > 0 and seconds >= 0
	on conflict on constraint rates_pkey do update
	set amount = r.amount * 0.875 + excluded.amount,
		seconds = r.seconds * 0.875 + excluded.seconds,
		samples = r.samples + 1, updated_at = now()
$$;

-- The rates of a host; of all hosts where it has measured nothing; else a
-- guess: a gigabit a second, 7 ms to inject a file, 2 ms to remove one.
create function image.manifest_rates(want text,
	out transfer double precision,	-- bytes a second
	out injection double precision,	-- seconds a file
	out removal double precision)
language sql stable as $$
	select coalesce(1 / max(r.price) filter (where r.kind = 'transfer'),
			125e6),
		coalesce(max(r.price) filter (where r.kind = 'injection'),
			0.007),
		coalesce(max(r.price) filter (where r.kind = 'removal'), 0.002)
	from (
		select distinct on (kind) kind, greatest(seconds, 1e-9)
			/ amount as price
		from (
			select 0 as rank, kind, amount, seconds
			from image.rates where host = want
			union all
			select 1, kind, sum(amount), sum(seconds)
			from image.rates group by kind
		) sources
		order by kind, rank
	) r
$$;
