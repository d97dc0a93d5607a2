-- SPDX-License-Identifier: Apache-2.0
insert into identity.regions (id) values ($1)
on conflict do nothing
