-- SPDX-License-Identifier: Apache-2.0
delete from identity.groups where id = $1 returning id
