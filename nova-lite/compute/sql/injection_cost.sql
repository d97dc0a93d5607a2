-- Seconds that host $1 takes to inject $2 files.
select ($2::int * r.injection)::text
from image.manifest_rates($1) r
