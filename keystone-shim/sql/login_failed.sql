-- SPDX-License-Identifier: Apache-2.0
-- One more failure; those before the last lock ran out ($2 seconds) are over.
update identity.users set
	failed_logins = case
		when failed_at > now() - make_interval(secs => $2)
		then failed_logins else 0 end + 1,
	failed_at = now()
where id = $1
