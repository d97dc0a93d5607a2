-- SPDX-License-Identifier: Apache-2.0
-- When a token for $1 user, $2 project, $3 domain may begin: now, in whole
-- seconds, or after the last revocation that would take it back.
select greatest(floor(extract(epoch from now()))::bigint,
	(select floor(extract(epoch from max(v.issued_before)))::bigint + 1
	 from identity.revocation_events v
	 where (v.user_id = $1 or v.project_id = $2 or v.domain_id = $3)
	 and v.issued_before > now() - interval '2 seconds')) as seconds
