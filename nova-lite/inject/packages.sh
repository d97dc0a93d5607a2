# SPDX-License-Identifier: Apache-2.0
#
# For scripts that build small machines from Debian packages; sourced. They
# set: name, how messages call them; cache, where packages are kept; work, a
# folder for the time being.

PATH=$PATH:/usr/sbin:/sbin
deb=$work/deb
mkdir -p "$cache" "$deb"
cache=$(cd "$cache" && pwd)

die() { echo "$name: $*" >&2; exit 1; }

need() {
	for tool; do
		command -v "$tool" >/dev/null || die "$tool is missing"
	done
}

# unpack PACKAGE PATH... - download the package once, extract only these paths
# into $deb.
unpack() {
	package=$1; shift
	file=$(ls "$cache/${package}"_*.deb 2>/dev/null | tail -n 1)
	if [ -z "$file" ]; then
		mkdir -p "$work/download"
		(cd "$work/download" &&
			apt-get -qq -o APT::Sandbox::User="$(id -un)" \
			download "$package") ||
			die "cannot download $package (apt-get update?)"
		mv "$work/download/${package}"_*.deb "$cache/"
		file=$(ls "$cache/${package}"_*.deb)
	fi
	dpkg-deb --fsys-tarfile "$file" |
		tar -x -C "$deb" --wildcards --no-same-owner "$@"
}

# The package of the kernel; those in the cache come first.
kernel_package() {
	ls "$cache"/linux-image-*-cloud-amd64_*.deb 2>/dev/null | tail -n 1 |
		sed 's|.*/||; s|_.*||' | grep . ||
		apt-cache depends linux-image-cloud-amd64 |
		sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# take_module NAME DIR LIST - copy a module of the unpacked kernel into a
# folder, after those it needs, and append it to a list in load order.
take_module() {
	! grep -qx "$1.ko" "$3" 2>/dev/null || return 0
	module=$(find "$deb/lib/modules" -name "$1.ko" \
		-o -name "$(echo "$1" | tr _ -).ko" | head -n 1)
	[ -n "$module" ] || die "no module $1 in the kernel"
	cp "$module" "$2/$1.ko"
	for other in $(tr '\0' '\n' <"$module" |
			sed -n 's/^depends=//p' | tr , ' '); do
		take_module "$other" "$2" "$3"
	done
	echo "$1.ko" >>"$3"
}

# Give everything below a folder the same time.
settle() {
	find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# A folder as an archive for the kernel, the same bytes for the same files.
archive() {
	settle "$1"
	(cd "$1" && find . | LC_ALL=C sort |
		cpio -o -H newc -R 0:0 --reproducible --quiet)
}
