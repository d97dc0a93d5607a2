-- How much there is of each kind.
select kind, count(*) as n
from compute.key_pool
group by kind
