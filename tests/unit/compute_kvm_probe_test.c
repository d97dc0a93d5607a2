/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/virt/kvm_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/timefmt.h"

/*
 * Whether KVM works is the host's affair, so these tests hold on any host;
 * tests/guest/kvm_probe_test.sh has one where it works.
 */

static int open_files(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += dup2(fd, fd) >= 0;
	return n;
}

static void probe_ends_in_time_and_leaves_nothing(void **state)
{
	struct kvm_verdict v = { .usable = 7 };
	usec_t start = usec_monotonic();
	int files = open_files();

	(void)state;
	kvm_probe(KVM_PROBE_DEADLINE_MS, &v);
	assert_true(usec_monotonic() - start < 1500 * 1000);
	assert_in_range(v.usable, 0, 1);
	assert_true(strlen(v.why) > 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(open_files(), files);
}

static void deadline_kills_the_child(void **state)
{
	struct kvm_verdict v = { .usable = 7 };
	usec_t start = usec_monotonic();

	(void)state;
	kvm_probe(0, &v);
	assert_int_equal(v.usable, 0);
	assert_string_equal(v.why, "hung in creating a virtual machine");
	assert_true(usec_monotonic() - start < 500 * 1000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void verdict_is_kept_for_this_boot(void **state)
{
	char dir[] = "/tmp/kvm-probe-XXXXXX", path[64], line[256], boot[64];
	struct kvm_verdict first, v;
	FILE *f;

	(void)state;
	if (access("/dev/kvm", R_OK | W_OK) < 0)
		skip();
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/kvm-probe", dir);
	kvm_usable(dir, &first);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_int_equal(sscanf(line, "%63s", boot), 1);

	/* What is kept is believed ... */
	snprintf(line, sizeof(line), "%s %d so it was\n", boot, !first.usable);
	write_file(path, line);
	kvm_usable(dir, &v);
	assert_int_equal(v.usable, !first.usable);
	assert_string_equal(v.why, "so it was");

	/* ... but not that of another boot, nor half a line. */
	write_file(path, "another-boot 1 so it was\n");
	kvm_usable(dir, &v);
	assert_string_not_equal(v.why, "so it was");
	write_file(path, boot);
	kvm_usable(dir, &v);
	assert_int_equal(v.usable, first.usable);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void no_state_folder_is_no_failure(void **state)
{
	struct kvm_verdict v = { .usable = 7 };

	(void)state;
	kvm_usable("/nonexistent", &v);
	assert_in_range(v.usable, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_ends_in_time_and_leaves_nothing),
		cmocka_unit_test(deadline_kills_the_child),
		cmocka_unit_test(verdict_is_kept_for_this_boot),
		cmocka_unit_test(no_state_folder_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
