-- Hosts by zone.
select @zone
from compute.hosts h
order by h.zone, h.name
