-- One of the first flavors, unless its id or name is taken.
insert into compute.flavors (id, name, ram, disk, vcpus)
values ($1::text, $2::text, $3::bigint, $4::bigint, $5::bigint)
on conflict do nothing
