-- A server group within the project's quota.
insert into compute.server_groups as g (project_id, user_id, name, policy,
	max_per_host)
select $1::text, $2::text, $3::text, $4::text, $5::bigint
where compute.server_group_fits($1)
returning @server_group
