-- SPDX-License-Identifier: Apache-2.0
-- Manifests :first to :last of 50 files each, as puts would have left them on
-- the shelf of :owner and :base. Twenty are a family and have 35 files in
-- common; every tenth has the same 7, all have the same 3; 5 are their own.
insert into image.shelves (owner, base_id) values (:owner, :base)
on conflict do nothing;

create temporary table given as
select n, p.path, sha256(convert_to(p.path, 'UTF8')) as sha256,
	1000 + length(p.path) * 64 as size
from generate_series(:first, :last) n
cross join lateral (
	select format('/srv/family/%s/%s', n / 20, k) from
		generate_series(1, 35) k
	union all
	select format('/etc/role/%s/%s', n % 10, k) from
		generate_series(1, 7) k
	union all
	select format('/etc/all/%s', k) from generate_series(1, 3) k
	union all
	select format('/etc/own/%s/%s', n, k) from generate_series(1, 5) k
) p(path);
create index on given (path);
analyze given;

insert into image.images (id, owner, name, status, visibility, disk_format,
	container_format, size)
select gen_random_uuid(), :owner, 'manifest-' || n, 'active', 'private',
	'raw', 'bare', 1
from generate_series(:first, :last) n;

-- What a put checks row by row holds for these by construction.
set session_replication_role = replica;
insert into image.files as f (shelf_id, key, sha256, size, path, mode, uid,
	gid, uses)
select s.id, sha256(convert_to(format('%s %s 420 0 0 %s',
	encode(g.sha256, 'hex'), g.size, g.path), 'UTF8') || '\x00'),
	g.sha256, g.size, g.path, 420, 0, 0, count(*)
from given g, image.shelves s
where s.owner = :owner and s.base_id = :base
group by s.id, g.path, g.sha256, g.size
on conflict on constraint files_key do update set uses = f.uses + excluded.uses;

insert into image.manifests (image_id, shelf_id, digest, file_count, size)
select i.id, s.id, encode(sha256(convert_to(i.name, 'UTF8')), 'hex'), 50,
	g.size
from (select n, sum(size) as size from given group by n) g
join image.images i on i.name = 'manifest-' || g.n and i.owner = :owner
join image.shelves s on s.owner = :owner and s.base_id = :base;

analyze image.images, image.shelves, image.files, image.manifests;
insert into image.manifest_files (manifest_id, file_id)
select named.id, f.id
from (
	select substr(i.name, 10)::int as n, m.id, m.shelf_id
	from image.manifests m
	join image.images i on i.id = m.image_id
	where i.owner = :owner and i.name like 'manifest-%'
) named
join given g using (n)
join image.files f on f.shelf_id = named.shelf_id and f.path = g.path;
set session_replication_role = origin;
drop table given;
analyze image.manifest_files;
