-- SPDX-License-Identifier: Apache-2.0
delete from identity.implied_roles
where prior_id = $1 and implied_id = $2
returning prior_id
