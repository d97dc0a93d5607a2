-- The defaults are for all but the projects that have their own.
delete from compute.quotas where project_id = $1::text and project_id <> ''
