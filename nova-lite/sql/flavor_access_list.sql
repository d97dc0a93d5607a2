-- One row at least for a flavor that is there.
select @flavor_access
from compute.flavors f
left join compute.flavor_access a on a.flavor_id = f.id
where f.id = $1::text
order by a.project_id
