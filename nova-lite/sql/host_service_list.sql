-- The compute agents.
select @zone_service
from compute.hosts h
where ($1::text is null or h.name = $1)
order by h.id
