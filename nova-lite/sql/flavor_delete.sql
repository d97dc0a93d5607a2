-- Servers keep their own copy of a flavor.
delete from compute.flavors where id = $1::text
