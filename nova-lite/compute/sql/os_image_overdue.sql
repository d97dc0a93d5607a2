-- The servers of the host that gave no ready signal in time, and what became
-- of them.
select o.server, o.said
from compute.os_image_overdue($1) o
