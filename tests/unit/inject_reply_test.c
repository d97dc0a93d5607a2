/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/reply.h"
#include "nova-lite/inject/wire.h"

/* What an appliance says is believed only as far as it can be true. */

static const struct inject_file files[] = {
	{ .path = "/opt/app/data", .data = "12345", .size = 5 },
	{ .path = "/etc/motd", .data = "12", .size = 2 },
};
static const char *const removes[] = { "/x" }, *const made[] = { "/srv" };
static const struct inject_request request = {
	files, 2, removes, 1, made, 1 };

static int say(int rc, const struct inject_report *r, struct err *e)
{
	_cleanup_(buf_fini) struct buf b = { 0 };
	struct inject_report got;

	wire_put_reply(&b, rc, r, 2, e);
	memset(e, 0, sizeof(*e));
	rc = reply_read(buf_str(&b), b.len, &request, &got, e);
	if (rc == 0)
		inject_report_fini(&got);
	return rc;
}

static void reports_must_be_possible(void **state)
{
	char *good[] = { "/opt", "/opt/app", "/srv" };
	char *bad[] = { "/opt/app/data", "/", "", "/etc/../etc", "/op" };
	bool replaced[] = { false, true };
	const struct inject_report right = {
		.made = good, .nmade = 3, .replaced = replaced, .nadded = 2,
		.nreplaced = 1, .nremoved = 1, .bytes = 7 };
	struct inject_report r;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(say(0, &right, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		r = right;
		r.made = &bad[i];
		r.nmade = 1;
		assert_int_equal(say(0, &r, &e), -1);
		assert_int_equal(e.kind, ERR_INTERNAL);
	}
	r = right;
	r.nadded = 3;
	assert_int_equal(say(0, &r, &e), -1);
	r = right;
	r.nreplaced = 2;
	assert_int_equal(say(0, &r, &e), -1);
	r = right;
	r.nremoved = 2;
	assert_int_equal(say(0, &r, &e), -1);
	r = right;
	r.bytes = 8;
	assert_int_equal(say(0, &r, &e), -1);
	r = right;
	r.add = -1;
	assert_int_equal(say(0, &r, &e), -1);
}

static void errors_are_cleaned(void **state)
{
	struct err e = { .kind = ERR_CONFLICT };

	(void)state;
	strcpy(e.msg, "/\xc3\xa4 \xff\x1b[2J\n\xed\xa0\x80 \xc2");
	assert_int_equal(say(-1, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(e.msg, "/\xc3\xa4 ??[2J???? ?");
	e = (struct err){ .kind = ERR_UNAUTHORIZED };
	strcpy(e.msg, "who are you");
	assert_int_equal(say(-1, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_non_null(strstr(e.detail, "who are you"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_must_be_possible),
		cmocka_unit_test(errors_are_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
