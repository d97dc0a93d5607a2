#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install-deps.sh [build] [run] [test] [gates] [bench] - install what is missing
# of these classes (all, when none is named) from Debian's packages.
#
# Asks for root by sudo, only when something is missing. Services that come
# with a package are not started: the clouds start their own.

set -eu

build="gcc make pkg-config libc6-dev libcrypt-dev libjansson-dev libpq-dev
	libcurl4-openssl-dev libssl-dev uuid-dev libvirt-dev libxml2-dev
	libisofs-dev libnbd-dev libext2fs-dev libarchive-dev libkmod-dev
	libsodium-dev python3-minimal"
run="python3 postgresql postgresql-client libvirt-daemon-system
	libvirt-daemon-driver-qemu libvirt-daemon-driver-lxc libvirt-clients
	dnsmasq-base iptables iproute2 qemu-system-x86 qemu-utils
	ca-certificates python3-openstackclient e2fsprogs cpio xorriso gzip
	kmod binutils isolinux syslinux-common mtools systemd-boot-efi ovmf
	squashfs-tools"
test="libcmocka-dev python3-keystone python3-glanceclient curl
	openssh-client procps fdisk xfsprogs btrfs-progs lvm2 fakeroot zstd
	xz-utils mmdebstrap strace"
gates="clang libclang-rt-14-dev git"
bench="nginx-light postgresql curl coreutils wrk libguestfs-tools"

wanted=
for class in "${@:-all}"; do
	case $class in
	build) wanted="$wanted $build" ;;
	run) wanted="$wanted $run" ;;
	test) wanted="$wanted $test" ;;
	gates) wanted="$wanted $gates" ;;
	bench) wanted="$wanted $bench" ;;
	all) wanted="$build $run $test $gates $bench" ;;
	*) echo "install-deps: no class $class" >&2; exit 2 ;;
	esac
done

# missing PACKAGE... - those that are not installed, one call for all.
missing() {
	{
		dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" \
			2>/dev/null || true
		printf 'wanted %s\n' "$@"
	} | awk '$1 == "installed" { have[$2] = 1 }
		$1 == "wanted" && !have[$2] { print $2 }'
}

# shellcheck disable=SC2086
todo=$(missing $wanted)
[ -n "$todo" ] || exit 0

command -v apt-get >/dev/null || {
	echo "install-deps: this is not Debian; needed:" $todo >&2
	exit 1
}
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get
	-o DPkg::Lock::Timeout=600 -q"

# A policy that says no keeps the new services from being started.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap '$sudo rm -f $policy' EXIT
	trap 'exit 1' INT TERM
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
	$sudo chmod 755 $policy
fi

echo "installing:" $todo
# shellcheck disable=SC2086
$apt update
# shellcheck disable=SC2086
$apt install -y --no-install-recommends $todo
