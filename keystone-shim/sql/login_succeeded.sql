-- SPDX-License-Identifier: Apache-2.0
update identity.users set failed_logins = 0, failed_at = null
where id = $1
