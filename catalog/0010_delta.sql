-- SPDX-License-Identifier: Apache-2.0
-- Images that are stored as what differs from their base. One complete file is
-- made of both when somebody first asks for it, and kept beside the delta.

create table image.deltas (
	image_id uuid primary key references image.images,
	-- Has a file of its own: there are no chains.
	base_id uuid not null references image.images,
	store text not null,		-- has both
	-- Of the delta itself; null while it is being received.
	size bigint,
	checksum text,
	os_hash_algo text,
	os_hash_value text,
	-- A complete file is being made; what a dead daemon left is removed.
	making boolean not null default false,
	whole boolean not null default false
);
create index deltas_base_idx on image.deltas (base_id);

-- The block driver that reads an image as a base; null where none does.
create function image.base_driver(i image.images)
returns text language sql immutable parallel safe as $$
	select case when i.container_format = 'bare' then case i.disk_format
		when 'qcow2' then 'qcow2'
		when 'raw' then 'raw'
		when 'iso' then 'raw'
		when 'vmdk' then 'vmdk'
		when 'vhd' then 'vpc'
		when 'vhdx' then 'vhdx'
		when 'vdi' then 'vdi'
	end end
$$;

-- Why an image cannot be the base of a delta in this store; null when it can.
create function image.base_refusal(b image.images, at text)
returns text language sql stable as $$
	select case
	when b.status <> 'active' then 'it is not active'
	when exists (select from image.deltas d
			where d.image_id = b.id and not d.whole)
	then 'it is a delta itself'
	when b.store <> at then 'its data is in another store'
	when b.virtual_size is null or image.base_driver(b) is null
	then 'it is not a disk of a format that can be read'
	end
$$;

-- Locks an image and the base that its manifest names, in this order, and
-- makes the image wait for a delta. A base that is being deleted is waited
-- for, and its delete waits for this. Returns the base.
create function image.delta_begin(want uuid, project text, is_admin boolean,
	at text)
returns setof image.images language plpgsql as $$
declare
	i image.images;
	b image.images;
	base uuid;
	why text;
begin
	select * into i from image.own(want, project, is_admin);
	if i.status <> 'queued' then
		perform image.refuse('LT409', format('Image status transition '
			'from %s to saving is not allowed', i.status));
	end if;
	if (i.disk_format, i.container_format) is distinct from
	   ('qcow2', 'bare') then
		perform image.refuse('LT409', format('Image %s cannot be '
			'stored as a delta: its disk_format is not qcow2 or '
			'its container_format not bare', want));
	end if;
	select s.base_id into base
	from image.manifests m
	join image.shelves s on s.id = m.shelf_id
	where m.image_id = want;
	if not found then
		perform image.refuse('LT409', format('Image %s cannot be '
			'stored as a delta: it has no manifest that names its '
			'base', want));
	end if;
	select * into b from image.images
	where id = base and deleted_at is null for share;
	why := case when b.id is null then 'it is deleted'
		else image.base_refusal(b, at) end;
	if why is not null then
		perform image.refuse('LT409', format('Image %s cannot be the '
			'base of a delta: %s', base, why));
	end if;
	insert into image.deltas (image_id, base_id, store)
	values (want, base, at);
	update image.images
	set status = 'saving', store = at, updated_at = now()
	where id = want;
	return next b;
end $$;

-- True, or the end of a statement that is about to delete the image.
create function image.unprotected(i image.images)
returns boolean language plpgsql stable as $$
begin
	if i.protected then
		perform image.refuse('LT403', format('Image %s is protected '
			'and cannot be deleted.', i.id));
	end if;
	return true;
end $$;

-- The next status of an image, which is locked, when it is deleted: no image
-- that is alive needs it for its base. Who asks learns the ids of those that
-- he may see. (Volatile: it must see what was begun before the lock.)
create function image.let_go(base image.images, project text,
	is_admin boolean)
returns text language plpgsql as $$
declare
	names text;
begin
	perform image.unprotected(base);
	select concat_ws(' and ',
		string_agg(x.id::text, ', ' order by x.id)
			filter (where x.seen and x.n <= 16),
		case when bool_or(x.seen and x.n > 16) then 'others' end,
		case when bool_or(not x.seen)
			then 'images of other projects' end)
	into names
	from (
		select v.*, row_number() over (order by not v.seen, v.id) as n
		from (
			select i.id, image.visible(i, m.member is not null,
				project, is_admin) as seen
			from image.deltas d
			join image.images i on i.id = d.image_id
				and i.deleted_at is null
			left join image.members m on m.image_id = i.id
				and m.member = project
			where d.base_id = base.id and not d.whole
		) v
	) x;
	if names <> '' then
		perform image.refuse('LT409', format('Image %s could not be '
			'deleted because it is in use: it is the base of %s. '
			'Delete with flatten=true makes those independent.',
			base.id, names));
	end if;
	return 'pending_delete';
end $$;
