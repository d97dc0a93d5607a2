-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 type, $3 name.
insert into identity.services (id, type, name)
select $1, $2, $3
where not exists (select from identity.services s where s.type = $2)
