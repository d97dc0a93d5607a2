#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cli_files_test.sh - servers with files, by the plain openstack CLI: the first
# has them injected, the same set again is an exact match, a similar one is
# completed from the nearest; also after everything was restarted. What is
# saved of a made image boots anywhere.

. "$(dirname "$0")/cli_kit.sh"

for n in 1 2 3 4; do
	head -c $((n * 2000)) /dev/urandom >"$work/f$n"
done
cat >"$work/tell" <<'END'
#!/bin/sh
for f in 1 2 3 4; do
	[ -e /opt/f$f ] && echo "TOLD f$f $(sha256sum </opt/f$f | cut -c 1-64)"
done >/dev/ttyS0
echo "TOLD all" >/dev/ttyS0
END
told() { echo "TOLD f$1 $(sha256sum <"$work/f$1" | cut -c 1-64)"; }

# launch NAME N... - a server with the files fN...
launch() {
	server=$1; shift
	set -- "${@/#/f}"
	args=()
	for f; do args+=(--file "/opt/$f=$work/$f"); done
	cli ' ACTIVE ' --os-compute-api-version 2.56 server create \
		--image demo --flavor m1.tiny --network private \
		--user-data "$work/tell" "${args[@]}" --wait "$server"
}

# log_says PATTERN SERVER - the message of its first action.
log_says() {
	request=$(openstack server event list -f value -c 'Request ID' "$2" |
		tail -n 1)
	cli "$1" server event show -c message "$2" "$request"
}

# has_only SERVER N... - the guest has these of the files.
has_only() {
	server=$1; shift
	within 120 'TOLD all' openstack console log show "$server"
	cp "$work/out" "$work/console"
	for n; do run "$(told "$n")" cat "$work/console"; done
	run "^$#\$" sh -c "grep -c '^TOLD f' '$work/console'"
}

snapshots() { openstack image list --hidden --status active -f value -c ID; }

launch a 1 2 3
log_says 'No candidate; injected /opt/f1, /opt/f2, /opt/f3' a
has_only a 1 2 3
within 30 . snapshots
made=$(snapshots)
launch b 1 2 3
log_says "Exact match: image $made; nothing was injected" b
launch c 1 2 4
log_says "Nearest candidate: image $made; injected /opt/f4; removed /opt/f3" c
has_only b 1 2 3
has_only c 1 2 4
within 30 '^2$' sh -c "openstack image list --hidden --status active \
	-f value -c ID | wc -l"
cli '' server delete --wait a b c

# A complete image, wherever the base is.
cli '' image save --file "$work/saved.qcow2" "$made"
run 'No errors' qemu-img check "$work/saved.qcow2"
qemu-img info "$work/saved.qcow2" >"$work/out"
! grep -q backing "$work/out"
verdict $? "the saved image stands alone"
cli saved image create --disk-format qcow2 --container-format bare \
	--file "$work/saved.qcow2" saved
cli active image show -c status saved
cli ' ACTIVE ' server create --image saved --flavor m1.tiny \
	--network private --user-data "$work/tell" --wait d
has_only d 1 2 3
cli '' server delete --wait d

# Everything again, when all services have been restarted.
cloud_stop
cloud_start
for set in "a 1 2 3" "b 1 2 3" "c 1 2 4"; do
	launch $set
	log_says 'Exact match: image' "${set%% *}"
done
has_only a 1 2 3
has_only b 1 2 3
has_only c 1 2 4
cli '' server delete --wait a b c

# The base cannot go while another rests on it; what was saved is whole.
rests=$(openstack image list --hidden --status active -f value -c ID |
	grep -v "$made")
. "$STATE/openrc-admin"
base=$(openstack image list -f value -c ID --name demo)
openstack image delete "$base" >"$work/out" 2>&1
grep -q "$rests" "$work/out"
verdict $? "deleting the base is refused and names what rests on it"
cli "$base" image show -c id "$base"
cli_end
