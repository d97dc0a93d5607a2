-- All aggregates, or one by its number.
select @aggregate
from compute.aggregates a
where ($1::bigint is null or a.id = $1)
order by a.id
