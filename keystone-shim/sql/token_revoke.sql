-- SPDX-License-Identifier: Apache-2.0
insert into identity.revocation_events (audit_id, expires_at)
values ($1, $2)
