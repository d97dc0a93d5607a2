-- Its members stay, without a group.
delete from compute.server_groups
where id = $1::uuid and ($2::text is null or project_id = $2)
