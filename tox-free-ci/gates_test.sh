#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# gates_test.sh - every gate must fail when what it guards is broken. Breaks
# one thing after the other in a copy of the tree, and mends it again.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' INT TERM
passed=0 failed=0

verdict() {	# OK WHAT
	if [ "$1" = 0 ]; then
		passed=$((passed + 1)); echo "ok   $2"
	else
		failed=$((failed + 1)); echo "FAIL $2"; tail -n 5 "$copy/out"
	fi
}

holds() {	# WHAT COMMAND...
	what=$1; shift
	"$@" >"$copy/out" 2>&1
	verdict $? "holds: $what"
}

# breaks WHAT PATTERN COMMAND... - it fails, and says why.
breaks() {
	what=$1 pattern=$2; shift 2
	"$@" >"$copy/out" 2>&1
	code=$?
	[ $code != 0 ] && grep -q -e "$pattern" "$copy/out"
	verdict $? "notices: $what"
}

# put FILE / add FILE - from standard input; mend FILE - as it was.
put() { mkdir -p "$(dirname "$1")"; cat >"$1"; }
add() { cat >>"$1"; }
mend() {
	rm -f "$1"
	[ ! -e "$top/$1" ] || cp -p "$top/$1" "$1"
}

cd "$top" || exit 1
git ls-files -co --exclude-standard | while read -r file; do
	[ ! -e "$file" ] || printf '%s\0' "$file"
done | xargs -0 cp -p --parents -t "$copy"
mkdir -p build
cp -rp build/gen build/release build/asan "$copy" 2>/dev/null
cd "$copy" && mkdir build && mv gen release asan build/ 2>/dev/null
git init -q . && git add -A . >/dev/null 2>&1

style="python3 tox-free-ci/check-style.py"
spdx='/* SPDX-License-Identifier: Apache-2.0 */'
line() { printf "%$1s" '' | tr ' ' "${2:-x}"; }
body() { for i in $(seq "$1"); do printf '\tf(%s);\n' "$i"; done; }
holds "style" $style

style_case() {	# WHAT PATTERN <TEXT
	put common/base/broken.c
	breaks "$1" "broken.c:.*$2" $style
	rm common/base/broken.c
}
style_case "81 columns" "80 columns" <<<"$spdx
/* $(line 75) */"
style_case "white space at the end" "at the end" <<<"$spdx
int x; "
style_case "spaces for tabs" "a tab belongs" <<<"$spdx
        int x;"
style_case "no SPDX line" "SPDX" <<<"int x;"
style_case "a file of 801 lines" "longer than 800" <<<"$spdx
$(yes 'int x;' | head -n 800)"
style_case "a function of 81 lines" "81 lines" <<<"$spdx
static void f(int x)
{
$(body 81)
}"
style_case "6 parameters" "6 parameters" <<<"$spdx
int f(int a, int b, int c, int d, int e, int g)
{
	return 0;
}"
style_case "4 levels" "nested" <<<"$spdx
int f(int a)
{
	for (;;)
		if (a)
			while (a)
				if (--a)
					f(a);
}"
style_case "typedef of a struct" "typedef" <<<"$spdx
typedef struct x { int y; } x;"
style_case "unfinished work" "unfinished" <<<"$spdx
/* $(printf 'TO%s' DO): later */"

layers="python3 tox-free-ci/check-layers.py"
holds "layers" $layers
layers_case() {	# WHAT FILE INCLUDE
	put "$2" <<<"#include $3"
	breaks "$1" "$2:1:" $layers
	rm "$2"
}
layers_case "common includes a service" common/base/broken.c \
	'"nova-lite/wire.h"'
layers_case "a service includes another" glance-lite/broken.c \
	'"keystone-shim/wire.h"'
layers_case "base includes sql" common/base/broken.c '"common/sql/sql.h"'
layers_case "libpq in a service" nova-lite/broken.c '<libpq-fe.h>'
layers_case "OpenSSL in a service" glance-lite/broken.c '<openssl/evp.h>'
layers_case "curl in common/auth" common/auth/broken.c '<curl/curl.h>'
layers_case "libvirt in the agent" nova-lite/compute/broken.c \
	'<libvirt/libvirt.h>'

sql="python3 tox-free-ci/check-sql.py"
holds "check-sql" $sql
f=nova-lite/sql/flavor_show.sql
sed -i 's/where f\./where f.misspelt_/' $f
breaks "a misspelt column" misspelt_ $sql
mend $f
f=glance-lite/sql/image_show.sql
sed -i 's/\$3::boolean/$3/' $f
breaks "a multiget without a cast" "image_show.sql.multiget.*text" $sql
mend $f

ref="python3 tox-free-ci/gen-api-ref.py --check"
holds "api-ref" $ref
add api-ref/compute.md <<<"More."
breaks "an edited api-ref" "compute.md is not" $ref
mend api-ref/compute.md

bin=build/release/bin
for daemon in keystone-shim glance-lite nova-lite nova-lite-network \
		nova-lite-metadata; do
	$bin/$daemon --dump-routes | sed "s/^/$daemon /; s/\t.*//"
done >ops
routes="python3 tox-free-ci/check-routes.py"
holds "routes" $routes ops
sed -i /flavor_show/d ops
breaks "an operation without a test" "flavor_show .* never" $routes ops

for compiler in gcc clang; do
	flavour=release
	[ $compiler = gcc ] || flavour=clang
	o=build/$flavour/common/base/broken.o
	put common/base/broken.c <<<"static int unused(int x) { return 1; }"
	breaks "$compiler: a warning" Werror \
		make CC=$compiler FLAVOUR=$flavour $o
	rm common/base/broken.c
done

fault() {	# WHAT PATTERN STATEMENT...
	put tests/unit/broken_test.c <<<"#include <stdlib.h>
int main(int argc, char **argv)
{
	(void)argv;
	$3
}"
	make -s FLAVOUR=asan build/asan/unit/broken_test >"$copy/out" 2>&1 ||
		cat "$copy/out"
	breaks "$1" "$2" build/asan/unit/broken_test
	rm tests/unit/broken_test.c
}
fault "ASan: use after free" heap-use-after-free \
	"char *volatile p = malloc(4), *q = p; free(p); return q[argc];"
fault "UBSan: overflow" "signed integer overflow" \
	"volatile int n = 2147483647; return n + argc;"
fault "LeakSanitizer: a leak" "detected memory leaks" \
	"return malloc(10 * (size_t)argc) == NULL;"

put tests/fuzz/broken_fuzz.c <<'END'
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 && data[0] == 'o' && data[1] == 's')
		abort();
	return 0;
}
END
make -s CC=clang FLAVOUR=fuzz build/fuzz/fuzz/broken_fuzz >out 2>&1
find build/fuzz/fuzz -name '*_fuzz' ! -name broken_fuzz -delete
FUZZ_SECONDS=20 breaks "fuzz: an input that aborts" "0 passed, 1 failed" \
	python3 tox-free-ci/suite.py fuzz

rm -rf tests/guest/* && put tests/guest/one_test.sh <<<"echo 3 passed, 0 failed"
holds "suite" python3 tox-free-ci/suite.py guest
put tests/guest/two_test.sh <<<"echo 2 passed, 1 failed; exit 1"
breaks "suite: a failed check" "^5 passed, 1 failed" \
	python3 tox-free-ci/suite.py guest
put tests/guest/two_test.sh <<<"kill -SEGV \$\$"
breaks "suite: a test that dies" "^3 passed, 1 failed" \
	python3 tox-free-ci/suite.py guest

put tests/api/broken_test.py <<'END'
import harness
harness.Cloud.start = harness.Cloud.stop = lambda self: None
harness.Cloud.log_lines = lambda self: []
def test_fails(cloud):
    harness.equal(1, 2, "one")
def test_nothing(cloud):
    pass
def test_raises(cloud):
    raise KeyError("x")
def test_holds(cloud):
    harness.check(True, "true")
END
breaks "api: checks that fail, raise, or are none" "^1 passed, 3 failed" \
	python3 tests/api/run.py broken

echo "$passed passed, $failed failed"
[ $failed = 0 ]
