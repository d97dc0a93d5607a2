-- A flavor that the project ($2; null: any) may use.
-- @multiget
select @flavor
from compute.flavors f
where f.id = $1::text and ($2::text is null or compute.flavor_open(f, $2))
