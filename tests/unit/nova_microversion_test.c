/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "nova-lite/microversion.h"

static void agreed(void **state)
{
	static const struct {
		const char *standard, *legacy;
		int minor;
	} rows[] = {
		{ NULL, NULL, 1 },
		{ "compute 2.1", NULL, 1 },
		{ "compute 2.53", NULL, 53 },
		{ "Compute  2.53 ", NULL, 53 },
		{ NULL, "2.53", 53 },
		{ "compute latest", NULL, MICROVERSION_MAX },
		{ NULL, "latest", MICROVERSION_MAX },
		{ "identity 3", NULL, 1 },
		{ "identity 3", "2.5", 5 },
		{ "image 2.3, compute 2.7", NULL, 7 },
		{ "compute 2.3,compute 2.7", NULL, 7 },
		{ "compute 2.10", "2.3", 10 },
		{ "", NULL, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct microversion mv = microversion_parse(rows[i].standard,
							    rows[i].legacy);

		assert_int_equal(mv.result, MICROVERSION_OK);
		assert_int_equal(mv.minor, rows[i].minor);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *asked;
		enum microversion_result result;
	} rows[] = {
		{ "2.0", MICROVERSION_UNSUPPORTED },
		{ "1.9", MICROVERSION_UNSUPPORTED },
		{ "3.0", MICROVERSION_UNSUPPORTED },
		{ "2.94", MICROVERSION_UNSUPPORTED },
		{ "99999999999999999999.1", MICROVERSION_UNSUPPORTED },
		{ "2.99999999999999999999", MICROVERSION_UNSUPPORTED },
		{ "abc", MICROVERSION_MALFORMED },
		{ "2", MICROVERSION_MALFORMED },
		{ "2.", MICROVERSION_MALFORMED },
		{ ".1", MICROVERSION_MALFORMED },
		{ "02.1", MICROVERSION_MALFORMED },
		{ "2.01", MICROVERSION_MALFORMED },
		{ "2.1.1", MICROVERSION_MALFORMED },
		{ "0.1", MICROVERSION_MALFORMED },
		{ "-2.1", MICROVERSION_MALFORMED },
		{ "", MICROVERSION_MALFORMED },
		{ "Latest", MICROVERSION_MALFORMED },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct microversion mv = microversion_parse(NULL,
							    rows[i].asked);

		assert_int_equal(mv.result, rows[i].result);
	}
}

static void asked_is_cut(void **state)
{
	char longest[400];
	struct microversion mv;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = 'x';
	longest[i] = '\0';
	mv = microversion_parse(NULL, longest);
	assert_int_equal(mv.result, MICROVERSION_MALFORMED);
	assert_int_equal(mv.asked[sizeof(mv.asked) - 1], '\0');
	mv = microversion_parse("compute 2.99", NULL);
	assert_string_equal(mv.asked, "2.99");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreed),
		cmocka_unit_test(refused),
		cmocka_unit_test(asked_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
