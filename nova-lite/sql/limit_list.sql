-- Every resource of the quotas with its limit ($2: the default one) and use.
with u as (
	select count(*) as instances, coalesce(sum(vcpus), 0) as cores,
		coalesce(sum(ram), 0) as ram
	from compute.servers
	where project_id = $1::text and deleted_at is null
), q as (
	select d.resource, case when not $2::boolean then (
			select o.hard_limit from compute.quotas o
			where o.project_id = $1 and o.resource = d.resource)
		end as own, d.hard_limit,
		case d.resource when 'instances' then u.instances
			when 'cores' then u.cores when 'ram' then u.ram
			when 'server_groups' then (select count(*)
				from compute.server_groups g
				where g.project_id = $1)
			else 0 end as used
	from compute.quotas d, u where d.project_id = ''
)
select q.resource, coalesce(q.own, q.hard_limit) as hard, q.used
from q order by q.resource
