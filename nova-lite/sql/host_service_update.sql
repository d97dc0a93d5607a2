-- Switches an agent, by uuid or host; a null parameter leaves it.
update compute.hosts h set disabled = coalesce($3::boolean, disabled),
	disabled_reason = case when $3 is null then disabled_reason
		else $4::text end,
	forced_down = coalesce($5::boolean, forced_down)
where h.service_uuid::text = $1::text or h.name = $2::text
returning @zone_service
