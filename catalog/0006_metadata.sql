-- SPDX-License-Identifier: Apache-2.0
-- What a guest deposits with the metadata service: its password, encrypted
-- with the user's public key (os-server-password).
alter table compute.servers add column password text;
