-- The one thing of a flavor that changes is its description.
update compute.flavors f set description = $2::text
where f.id = $1::text
returning @flavor
