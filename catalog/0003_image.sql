-- SPDX-License-Identifier: Apache-2.0
-- Images and the projects they are shared with.
create schema image;

create table image.images (
	id uuid primary key,
	owner text not null,		-- project
	name text,
	status text not null default 'queued' check (status in ('queued',
		'saving', 'uploading', 'active', 'deactivated',
		'pending_delete', 'deleted')),
	visibility text not null default 'shared' check (visibility in
		('public', 'community', 'shared', 'private')),
	disk_format text,
	container_format text,
	size bigint,
	virtual_size bigint,
	checksum text,			-- MD5
	os_hash_algo text,
	os_hash_value text,
	protected boolean not null default false,
	os_hidden boolean not null default false,
	min_disk int not null default 0 check (min_disk >= 0),
	min_ram int not null default 0 check (min_ram >= 0),
	properties jsonb not null default '{}',	-- strings, by name
	tags jsonb not null default '[]',	-- strings, each once
	-- Of bytes that arrived and wait for an import: size, checksum ...
	staged jsonb,
	store text,		-- which has the bytes, or is getting them
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	-- A deleted image keeps its row, and with it its id.
	deleted_at timestamptz
);
create index images_created_idx on image.images (created_at desc, id desc)
	where deleted_at is null;
create index images_unfinished_idx on image.images (store)
	where status in ('saving', 'uploading', 'pending_delete');

create table image.members (
	image_id uuid not null references image.images,
	member text not null,		-- project
	status text not null default 'pending' check (status in ('pending',
		'accepted', 'rejected')),
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	constraint members_pkey primary key (image_id, member)
);
create index members_member_idx on image.members (member);

-- Who may see an image. Inlined by the planner, so it holds no subquery:
-- the statement joins image.members for the project that asks.
create function image.visible(i image.images, is_member boolean,
	project text, is_admin boolean)
returns boolean language sql immutable parallel safe as $$
	select is_admin or i.owner = project
		or i.visibility in ('public', 'community')
		or (i.visibility = 'shared' and is_member)
$$;

-- Ends the statement with an HTTP status ("LT409") from inside an expression.
create function image.refuse(code text, message text)
returns text language plpgsql as $$
begin
	raise exception using errcode = code, message = message;
end $$;

-- Locks an image for its owner (or an admin). `lost` words the 404 of one
-- that is not there or not visible, with %s for the id.
create function image.own(want uuid, project text, is_admin boolean,
	lost text default 'No image found with ID %s')
returns setof image.images language plpgsql as $$
declare
	i image.images;
	is_member boolean;
begin
	select * into i from image.images
	where id = want and deleted_at is null for update;
	is_member := exists (select from image.members m
		where m.image_id = want and m.member = project);
	if i.id is null
	   or not image.visible(i, is_member, project, is_admin) then
		raise exception using errcode = 'LT404',
			message = format(lost, want);
	elsif not is_admin and i.owner <> project then
		raise exception using errcode = 'LT403',
			message = 'You do not own this image';
	end if;
	return next i;
end $$;

-- The next status of an image that may get bytes, which it may when it is
-- known of what kind they will be.
create function image.need_formats(i image.images, status text)
returns text language sql as $$
	select case when i.disk_format is null or i.container_format is null
	then image.refuse('LT400', format('Properties %s must be set prior to '
		'saving data.', concat_ws(', ',
			case when i.disk_format is null
				then 'disk_format' end,
			case when i.container_format is null
				then 'container_format' end)))
	else status end
$$;

-- Any sort key of a list as text that sorts as its value does (collation C).
-- Inlined; with a null key it folds to nothing.
create function image.sort_key(i image.images, key text)
returns text language sql stable parallel safe as $$
	select case key
		when 'name' then coalesce(i.name, '')
		when 'status' then i.status
		when 'container_format' then coalesce(i.container_format, '')
		when 'disk_format' then coalesce(i.disk_format, '')
		when 'size' then lpad(coalesce(i.size, 0)::text, 20, '0')
		when 'id' then i.id::text
		when 'created_at' then
			extract(epoch from i.created_at)::numeric(16, 6)::text
		when 'updated_at' then
			extract(epoch from i.updated_at)::numeric(16, 6)::text
	end collate "C"
$$;

-- Whether i comes behind m in the order of up to three keys (null: none),
-- each up or down, then newest first.
create function image.follows(i image.images, m image.images,
	key1 text, down1 boolean, key2 text, down2 boolean,
	key3 text, down3 boolean)
returns boolean language sql stable parallel safe as $$
	select case
	when image.sort_key(i, key1) <> image.sort_key(m, key1) then
		(image.sort_key(i, key1) > image.sort_key(m, key1)) <> down1
	when image.sort_key(i, key2) <> image.sort_key(m, key2) then
		(image.sort_key(i, key2) > image.sort_key(m, key2)) <> down2
	when image.sort_key(i, key3) <> image.sort_key(m, key3) then
		(image.sort_key(i, key3) > image.sort_key(m, key3)) <> down3
	else (i.created_at, i.id) < (m.created_at, m.id)
	end
$$;

-- Looks so dear to the planner that it never takes a generic plan for a
-- statement with `parameter-is-what-it-always-is or image.plan_anew()`: once
-- the parameter is known, nothing is left of it.
create function image.plan_anew()
returns boolean language plpgsql stable cost 1e9 as $$
begin
	return true;
end $$;

-- Clients compare times as they see them: in whole seconds.
create function image.time_is(t timestamptz, op text, than timestamptz)
returns boolean language sql stable parallel safe as $$
	select case op
		when 'gt' then t >= than + interval '1 second'
		when 'gte' then t >= than
		when 'lt' then t < than
		when 'lte' then t < than + interval '1 second'
		when 'eq' then t >= than and t < than + interval '1 second'
		when 'neq' then t < than or t >= than + interval '1 second'
	end
$$;
