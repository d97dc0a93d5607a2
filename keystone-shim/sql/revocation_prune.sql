-- SPDX-License-Identifier: Apache-2.0
-- Events older than $1 seconds: the tokens that they revoke have all expired.
delete from identity.revocation_events
where revoked_at < now() - make_interval(secs => $1)
