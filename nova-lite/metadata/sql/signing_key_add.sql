-- A key beside the others, or ($4) where there is none.
insert into compute.signing_keys (kid, x, sealed)
select $1, $2, $3
where not ($4::boolean and exists (select from compute.signing_keys))
