-- Sealed anew: $3 at the place $1 under the key $2, where it is still what it
-- was ($4).
with pool as (
	update compute.key_pool set sealed = $3
	where $1 = 'key_pool' and id::text = $2 and sealed = $4
	returning 1
), signing as (
	update compute.signing_keys set sealed = $3
	where $1 = 'signing_keys' and kid = $2 and sealed = $4
	returning 1
), issuing as (
	update compute.authorities set sealed = $3
	where $1 = 'authorities' and name = $2 and sealed = $4
	returning 1
)
select (select count(*) from pool) + (select count(*) from signing)
	+ (select count(*) from issuing) as n
