#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cli_test.sh - what a newcomer does: start a cloud as `make run` does, source
# its openrc, and drive a server through its life with the openstack CLI of
# Debian's python3-openstackclient. Afterwards nothing may be left.
#
# Runs in a folder below /tmp on free ports.

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/lite-cli-XXXXXX)
chmod 755 "$work"
export STATE=$work/s
passed=0 failed=0 cloud=
unset "${!OS_@}"

finish() {
	if [ -n "$cloud" ]; then
		kill "$cloud" 2>/dev/null
		wait "$cloud"
	fi
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

verdict() {	# CODE WHAT
	if [ "$1" = 0 ]; then
		passed=$((passed + 1)); echo "ok   $2"
	else
		failed=$((failed + 1)); echo "FAIL $2"
		tail -n 8 "$work/out"
	fi
}

# run PATTERN COMMAND... - it succeeds and its output has the pattern (if any).
run() {
	pattern=$1; shift
	"$@" >"$work/out" 2>&1 &&
		{ [ -z "$pattern" ] || grep -q -e "$pattern" "$work/out"; }
	verdict $? "$*"
}
cli() { pattern=$1; shift; run "$pattern" openstack "$@"; }

# within SECONDS PATTERN COMMAND... - the output has the pattern in time.
within() {
	end=$((SECONDS + $1)) pattern=$2; shift 2
	until "$@" >"$work/out" 2>&1 && grep -q -e "$pattern" "$work/out"; do
		if [ $SECONDS -ge $end ]; then
			verdict 1 "$* has $pattern"; return
		fi
		sleep 1
	done
	verdict 0 "$* has $pattern"
}

ports=$(python3 - <<'END'
import socket
socks = [socket.socket() for _ in range(5)]
for s in socks:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in socks))
END
)
set -- $ports
export KEYSTONE_PORT=$1 GLANCE_PORT=$2 NOVA_PORT=$3 NETWORK_PORT=$4 \
	METADATA_PORT=$5

# What a cloud may leave on this machine.
traces() {
	ps -eo args | grep -e "$STATE" | grep -v grep
	ip -o link | grep -o ' \(virbr\|vnet\|lite\|br-\)[^:@]*'
}

python3 "$top/tox-free-ci/cloud.py" >"$work/cloud.log" 2>&1 &
cloud=$!
within 120 '^ready' cat "$work/cloud.log"
if [ $failed != 0 ]; then
	cat "$work/cloud.log"
	tail -n 5 "$STATE"/log/*
	echo "$passed passed, $failed failed"
	exit 1
fi
. "$STATE/openrc"
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

sql() { psql -XAtq -h "$STATE/pg/run" -U lite -d lite -c "$1"; }
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

kill "$cloud"
wait "$cloud"
verdict $? "the cloud ends in order"
cloud=
traces >"$work/out"
[ ! -s "$work/out" ]
verdict $? "no process and no network is left"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
