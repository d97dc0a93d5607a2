-- SPDX-License-Identifier: Apache-2.0
insert into identity.projects (id, name, is_domain, description)
values ($1, 'Default', true, 'The default domain')
on conflict do nothing
