#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A private PostgreSQL in a folder, for tests: unix socket only, not durable.
#   pg-private.sh start DIR	makes it on first use; prints its DSN
#   pg-private.sh stop DIR	at once, as if it had crashed for its clients
#   pg-private.sh remove DIR	stops it and removes the folder
set -eu

usage="usage: $0 start|stop|remove DIR"
verb=${1:?$usage} dir=${2:?$usage}
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)

# PostgreSQL refuses to be root.
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres \
			--clear-groups "$@")
	else
		"$@"
	fi
}

make_cluster() {
	mkdir -p "$dir"
	chmod 700 "$dir"
	if [ "$(id -u)" = 0 ]; then
		chown postgres:postgres "$dir"
	fi
	as_owner "$bin/initdb" -D "$dir/data" -U lite -A trust -E UTF8 \
		--locale=C --no-sync >/dev/null
}

start() {
	[ -e "$dir/data/PG_VERSION" ] || make_cluster
	as_owner "$bin/pg_ctl" -D "$dir/data" -w -s -l "$dir/log" -o "-k $dir \
		-c listen_addresses='' -c fsync=off -c full_page_writes=off \
		-c max_connections=40" start
	psql -Xq -h "$dir" -U lite -d postgres -c 'create database lite' \
		>/dev/null 2>&1 || :
	echo "host=$dir dbname=lite user=lite"
}

stop() {
	if [ -e "$dir/data/postmaster.pid" ]; then
		as_owner "$bin/pg_ctl" -D "$dir/data" -w -s -m immediate stop
	fi
}

case $dir in
/*) ;;
*) dir=$PWD/$dir ;;
esac
case $verb in
start) start ;;
stop) stop ;;
remove) stop && rm -rf -- "$dir" ;;
*) echo "$usage" >&2; exit 2 ;;
esac
