-- Takes a private flavor from a project.
delete from compute.flavor_access
where flavor_id = $1::text and project_id = $2::text
