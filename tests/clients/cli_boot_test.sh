#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cli_boot_test.sh - managed boot by the plain openstack CLI: each policy of
# modules, two kernels, a RAM disk by size and by image, UEFI, and a change by
# a hard reboot. The guest tells on its console what it has booted with.

. "$(dirname "$0")/cli_kit.sh"

read -r first second <<END
$(paste -s -d ' ' "$top/build/guest/boot/kernels")
END
log() { openstack console log show "$1" | tr -d '\r'; }

# booted NAME - until the guest has reported.
booted() { within 120 'DEMO ready' openstack console log show "$1"; }

# says NAME LINE - the guest has said this.
says() {
	log "$1" >"$work/out" && grep -q "^BOOT $2" "$work/out"
	verdict $? "$1 says $2"
}

# create NAME PROPERTY... - with these parameters, from the image $root.
root=demo-root
create() {
	name=$1; shift
	words=
	for property; do
		words="$words --property boot:$property"
	done
	# shellcheck disable=SC2086
	cli '' server create --image "$root" --flavor m1.tiny \
		--network private --wait $words \
		--property boot:cmdline=boot-report "$name"
	booted "$name"
}

cli 'linux-' image list
create provided "kernel=linux-$first" modules=loop,tun ramdisk_size=16 \
	module_policy=provided
says provided "release $first\$"
says provided 'modules .*loop.*tun'
says provided 'root /dev/vdb$'
says provided 'ram0 16 MiB$'
says provided 'foreign module: refused (insmod: .*Key was rejected'
says provided 'provided module: done$'
says provided 'write to the boot drive: refused'

create any "kernel=linux-$second" modules=loop ramdisk=demo-ramdisk
says any "release $second\$"
says any 'ramdisk from the RAM disk image$'
says any 'foreign module: done$'
says any 'provided module: done$'

create none "kernel=linux-$second" modules=loop module_policy=none
says none 'modules_disabled 1$'
says none 'foreign module: refused (insmod: .*not permitted'
says none 'provided module: refused (insmod: .*not permitted'

# Other parameters, the same root.
cli '' server set --property "boot:kernel=linux-$first" \
	--property boot:module_policy=any none
cli '' server reboot --hard --wait none
within 120 "DEMO boot=2" openstack console log show none
within 60 "BOOT release $first" openstack console log show none
for server in provided any none; do
	cli '' server delete --wait "$server"
done

cli '' image create --disk-format qcow2 --property hw_firmware_type=uefi \
	--file "$top/build/guest/boot/demo-root.qcow2" uefi-root
root=uefi-root
create uefi "kernel=linux-$second" modules=loop module_policy=provided
says uefi "release $second\$"
says uefi 'foreign module: refused'
cli '' server delete --wait uefi

# What cannot be is said before anything is made.
refused() {
	what=$1; shift
	! openstack server create --image demo-root --flavor m1.tiny \
		--network private "$@" refused >"$work/out" 2>&1 &&
		grep -q "$what" "$work/out"
	verdict $? "refused: $what"
}
refused 'boot:kernel. Value: linux-9.9' --property boot:kernel=linux-9.9
refused 'boot:modules. Value: flux' --property "boot:kernel=linux-$first" \
	--property boot:modules=flux
refused 'boot:ramdisk_size. Value: 4096' --property boot:ramdisk_size=4096 \
	--property "boot:kernel=linux-$first"
refused 'boot:module_policy. Value: some' --property boot:module_policy=some \
	--property "boot:kernel=linux-$first"
run 'OS::Lite::ManagedBoot' glance md-namespace-list
run "linux-$first" glance md-property-show OS::Lite::ManagedBoot boot:kernel
[ -z "$(openstack server list -f value)" ]
verdict $? "no server is left"
curl -s -H "X-Auth-Token: $(openstack token issue -f value -c id)" \
	"http://127.0.0.1:$NOVA_PORT/v2.1/os-managed-boot/parameters" \
	>"$work/out"
grep -q "linux-$first" "$work/out"
verdict $? "what is offered"

cli_end
