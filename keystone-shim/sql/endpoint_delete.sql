-- SPDX-License-Identifier: Apache-2.0
delete from identity.endpoints where id = $1 returning id
