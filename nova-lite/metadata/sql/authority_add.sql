-- Unless it is there.
insert into compute.authorities (name, certificate, sealed)
values ($1, $2, $3)
on conflict do nothing
