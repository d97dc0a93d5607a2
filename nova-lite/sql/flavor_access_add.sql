-- A private flavor for one more project; null for a flavor not there.
insert into compute.flavor_access (flavor_id, project_id)
select f.id, $2::text from compute.flavors f where f.id = $1::text
