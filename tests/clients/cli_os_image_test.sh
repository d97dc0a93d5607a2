#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cli_os_image_test.sh - the README's example of OS images by the plain
# openstack CLI: three versions are registered, a machine runs the first, is
# rebuilt with the second, comes back from the broken third by itself, and says
# so when it is asked to run one that does not exist.

. "$(dirname "$0")/cli_kit.sh"

parts=$top/build/guest/os-image
log() { openstack console log show shared | tr -d '\r'; }
property() { openstack server show -f json -c properties shared; }

# runs LABEL - the machine says that it has come up with this version.
runs() {
	within 120 "os_image:running.*example:$1" property
	within 120 'os_image:state.*ready' property
}

# says LINE - the last boot has said this.
says() {
	log | tac | sed '/^OS version=/q' >"$work/out" &&
		grep -q "^OS $1" "$work/out"
	verdict $? "the guest says $1"
}

. "$STATE/openrc-admin"
for kind in 'aki vmlinuz' 'ari initrd'; do
	# shellcheck disable=SC2086
	set -- $kind
	cli '' image create --public --disk-format "$1" \
		--container-format "$1" --file "$parts/$2" "os-$2"
done
id() { openstack image show -f value -c id "$1"; }
for v in v1 v2 v3; do
	cli '' image create --public --disk-format raw \
		--file "$parts/$v.tar" --property os_image:name=example \
		--property "os_image:version=$v" \
		--property os_image:deadline=30 \
		--property "kernel_id=$(id os-vmlinuz)" \
		--property "ramdisk_id=$(id os-initrd)" "example-$v"
done
cli '' image set --property os_image:default=true example-v1
! openstack image create --disk-format raw --file "$parts/v2.tar" \
	--property os_image:name=example --property os_image:version=v2 \
	again >"$work/out" 2>&1 && grep -q 409 "$work/out"
verdict $? "a version is there once"

. "$STATE/openrc"
cli '' server create --image example-v1 --flavor m1.tiny --network private \
	--wait shared
runs v1
says 'version=v1 told=example:v1'
says 'write-etc=done'
says 'write-data=done'
says 'write-usr=refused'
cli '' server reboot --hard --wait shared
within 120 'data=v1' log
runs v1
says 'etc= var=$'

cli '' server rebuild --image example-v2 --wait shared
runs v2
says 'version=v2'
says 'data=v1,v1$'

cli '' server rebuild --image example-v3 --wait shared
within 30 'OS v3 fails' log
within 120 'os_image:fallback.*no ready signal' property
runs v2
says 'data=v1,v1,v2$'
cli 'os_image_fallback' server event list shared
cli 'rebuild' server event list shared
id=$(openstack server event list -f value shared |
	sed -n 's/\(req-[^ ]*\) .*os_image_fallback.*/\1/p')
cli 'example:v3 gave no ready signal in time; back to example:v2' \
	server event show shared "$id"

cli '' server set --property os_image=example:v9 shared
cli '' server reboot --hard --wait shared
runs v1
property >"$work/out"
grep -q 'example:v9 is not run: there is no such version' "$work/out"
verdict $? "it falls back to the default, and says so"

. "$STATE/openrc-admin"
! openstack image delete example-v1 >"$work/out" 2>&1 &&
	grep -q '1 server uses the OS image example:v1' "$work/out"
verdict $? "a version in use is not deleted"
run '' openstack aggregate create all
run '' openstack aggregate add host all \
	"$(openstack compute service list -f value -c Host | head -n 1)"
cli '' image create --disk-format raw --file "$parts/tools.tar" \
	--property os_image:name=tools --property os_image:version=1 tools-1
cli '' --os-compute-api-version 2.81 aggregate cache image all tools-1
within 30 "$(id tools-1).raw" ls "$STATE/nova/images"
tools() {
	curl -s -H "X-Auth-Token: $(openstack token issue -f value -c id)" \
		"http://127.0.0.1:$NOVA_PORT/v2.1/os-system-images/tools"
}
within 30 '"state": "ready"' tools
. "$STATE/openrc"
cli '' server delete --wait shared
[ -z "$(ls "$STATE/nova/instances")" ]
verdict $? "nothing is left of it"

cli_end
