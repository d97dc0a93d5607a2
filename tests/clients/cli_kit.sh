# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# cli_kit.sh - for scripts that do what a newcomer does: a cloud as `make run`
# starts it, in a folder below /tmp on free ports, and the openstack CLI of
# Debian's python3-openstackclient. Sourced; end with cli_end.

set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
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

sql() { psql -XAtq -h "$STATE/pg/run" -U lite -d lite -c "$1"; }

cloud_start() {
	python3 "$top/tox-free-ci/cloud.py" >"$work/cloud.log" 2>&1 &
	cloud=$!
	within 120 '^ready' cat "$work/cloud.log"
	if ! grep -q '^ready' "$work/cloud.log"; then
		cat "$work/cloud.log"
		tail -n 5 "$STATE"/log/*
		echo "$passed passed, $failed failed"
		exit 1
	fi
	. "$STATE/openrc"
}

cloud_stop() {
	kill "$cloud"
	wait "$cloud"
	verdict $? "the cloud ends in order"
	cloud=
}

cli_end() {
	cloud_stop
	traces >"$work/out"
	[ ! -s "$work/out" ]
	verdict $? "no process and no network is left"
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}

cloud_start
