/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nova-lite/extra_spec.h"

static void good(const char *key, const char *value)
{
	struct err e = { 0 };

	if (extra_spec_check(key, value, &e) < 0)
		fail_msg("%s=%s: %s", key, value, e.msg);
}

static void bad(const char *key, const char *value, const char *why)
{
	struct err e = { 0 };

	assert_int_equal(extra_spec_check(key, value, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_REQUEST);
	assert_string_equal(e.msg, why);
}

static void keys(void **state)
{
	(void)state;
	good("color", "blue");
	good("vendor:color", "blue");
	good("trait:HW_CPU_X86_AVX", "required");
	good("hw", "x");
	bad("hw:nosuch", "1", "Validation failed; extra spec 'hw:nosuch' does "
	    "not appear to be a valid extra spec.");
	bad("hw:cpu_policy2", "shared", "Validation failed; extra spec "
	    "'hw:cpu_policy2' does not appear to be a valid extra spec.");
	good("hw:numa_mem.10", "512");
	bad("hw:numa_mem.", "512", "Validation failed; extra spec "
	    "'hw:numa_mem.' does not appear to be a valid extra spec.");
	bad("hw:numa_mem.1x", "512", "Validation failed; extra spec "
	    "'hw:numa_mem.1x' does not appear to be a valid extra spec.");
}

static void words(void **state)
{
	(void)state;
	good("hw:cpu_policy", "mixed");
	bad("hw:cpu_policy", "foo", "Validation failed; 'foo' is not one of: "
	    "dedicated, shared, mixed.");
	bad("hw:cpu_policy", "", "Validation failed; '' is not one of: "
	    "dedicated, shared, mixed.");
	good("hw:boot_menu", " True ");
	good("hw:boot_menu", "no");
	bad("hw:boot_menu", "2", "Validation failed; '2' is not a valid "
	    "boolean-like value.");
	good("quota:cpu_shares_level", "custom");
}

static void numbers(void **state)
{
	(void)state;
	good("quota:cpu_quota", "0");
	good("quota:cpu_limit", "-5");
	good("hw:numa_nodes", " 2 ");
	bad("quota:cpu_quota", "-1", "Validation failed; '-1' is less than the "
	    "min value of '0'.");
	bad("hw:numa_nodes", "0", "Validation failed; '0' is less than the "
	    "min value of '1'.");
	bad("hw:numa_nodes", "two", "Validation failed; 'two' is not a valid "
	    "integer value.");
	bad("hw:numa_nodes", "", "Validation failed; '' is not a valid "
	    "integer value.");
	bad("hw:numa_nodes", "1.5", "Validation failed; '1.5' is not a valid "
	    "integer value.");
}

static void patterns(void **state)
{
	(void)state;
	good("hw:mem_page_size", "large");
	good("hw:mem_page_size", "2MiB");
	good("hw:mem_page_size", "2048");
	bad("hw:mem_page_size", "huge", "Validation failed; 'huge' is not of "
	    "the format '(large|small|any|\\d+([kKMGT]i?)?(b|bit|B)?)'.");
	good("hw:numa_cpus.0", "0-3,^2");
	good("hw:cpu_realtime_mask", "^0-1");
	bad("hw:numa_cpus.0", "a", "Validation failed; 'a' is not of the "
	    "format '\\^?\\d+((-\\d+)?(,\\^?\\d+(-\\d+)?)?)*'.");
	good("pci_passthrough:alias", "gpu:1, nic:2");
	bad("pci_passthrough:alias", "gpu", "Validation failed; 'gpu' is not "
	    "of the format '[^:]+:\\d+(?:\\s*,\\s*[^:]+:\\d+)*'.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(words),
		cmocka_unit_test(numbers),
		cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
