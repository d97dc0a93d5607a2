-- SPDX-License-Identifier: Apache-2.0
select r.id from identity.effective_roles($1, null) r limit 1
