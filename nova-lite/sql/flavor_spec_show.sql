-- The extra specs of a flavor, and the one named $3.
select @flavor_specs
from compute.flavors f
where f.id = $1::text and ($2::text is null or compute.flavor_open(f, $2))
