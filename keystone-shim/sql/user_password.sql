-- SPDX-License-Identifier: Apache-2.0
-- What a password check of a user known by id needs.
select u.password_hash
from identity.users u
where u.id = $1
