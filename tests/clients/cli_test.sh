#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cli_test.sh - what a newcomer does: start a cloud as `make run` does, source
# its openrc, and drive a server through its life with the openstack CLI.
# Afterwards nothing may be left.

. "$(dirname "$0")/cli_kit.sh"

ssh-keygen -q -t ed25519 -N '' -C words-of-the-key -f "$work/key"

cli gAAAAA token issue
cli ' demo ' image list
cli m1.tiny flavor list
cli private network list
network=$(openstack network list -f value -c Name | head -n 1)
cli fingerprint keypair create --public-key "$work/key.pub" k
cli ' ACTIVE ' server create --image demo --flavor m1.tiny \
	--network "$network" --key-name k --wait v1
cli ' ACTIVE ' server show v1
cli "$network" server list
within 120 'words-of-the-key' openstack console log show v1
cp "$work/out" "$work/console"
run 'hostname[= ]v1' cat "$work/console"
cli '' server stop v1
within 90 SHUTOFF openstack server show -f value -c status v1
cli '' server start v1
within 60 ACTIVE openstack server show -f value -c status v1
cli '' server reboot --wait v1
cli '' server reboot --hard --wait v1
cli '' server delete --wait v1
run '^0$' sh -c 'openstack server list -f value | wc -l'

left="select (select count(*) from lite.jobs) +
	(select count(*) from compute.ports)"
within 20 '^0$' sql "$left"
run '^0$' sh -c "find '$STATE' -path '*/instances/*' -type f | wc -l"
cli '' keypair delete k

# A daemon that dies is started again.
pid=$(pgrep -f -- "--config $STATE/conf/nova-lite.conf")
kill -KILL "$pid"
within 20 m1.tiny openstack flavor list
run 'again in' cat "$work/cloud.log"

cli_end
