-- SPDX-License-Identifier: Apache-2.0
-- $1 id, $2 name, $3 description, $4 domain.
insert into identity.projects (id, name, description, domain_id, parent_id)
values ($1, $2, $3, $4, $4)
on conflict do nothing
