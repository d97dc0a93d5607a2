-- Everything that a create is, at once: see catalog/0005_compute_rules.sql.
select @created
from compute.server_create(jsonb_strip_nulls($1::jsonb)) c
