/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "nova-lite/boot/boot.h"
#include "nova-lite/boot/params.h"

#define HASH "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define KERNEL "\"kernel\":{\"id\":\"k\",\"name\":\"k\",\"hash\":\"" HASH "\"}"
#define REST "\"policy\":\"any\",\"firmware\":\"bios\""
#define SET "\"set\":{\"hash\":\"" OTHER "\"}"

static json_t *parse(const char *text)
{
	json_t *v = json_loads(text, 0, NULL);

	assert_non_null(v);
	return v;
}

static void text(void **state)
{
	json_t *v = parse("{" KERNEL "," SET ",\"base\":[\"virtio_blk\"],"
			  "\"modules\":[\"b\",\"a\"],\"ramdisk\":{\"hash\":\""
			  OTHER "\"},\"ramdisk_size\":16,\"cmdline\":\"x y\","
			  "\"policy\":\"provided\",\"firmware\":\"uefi\"}");
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct boot_params p;
	struct err e;

	(void)state;
	assert_int_equal(boot_params_read(v, &p, &e), 0);
	boot_params_text(&p, &out);
	assert_string_equal(buf_str(&out), "firmware uefi\nkernel " HASH
			    "\nset " OTHER "\nbase virtio_blk\nmodule b\n"
			    "module a\nramdisk " OTHER "\nramdisk_size 16\n"
			    "policy provided\ncmdline x y\n");
	out.len = 0;
	boot_cmdline(&p, false, &out);
	assert_string_equal(buf_str(&out), "console=ttyS0 rdinit=/.lite/init "
			    "module.sig_enforce=1 x y");
	json_decref(v);
}

static void refused(void **state)
{
	static const char *const all[] = {
		"{" REST "}", "{\"kernel\":{}," REST "}",
		"{\"kernel\":{\"hash\":\"../../etc/passwd/0123456789abcdef\"},"
			REST "}",
		"{" KERNEL ",\"policy\":\"some\",\"firmware\":\"bios\"}",
		"{" KERNEL ",\"policy\":\"any\",\"firmware\":\"ieee1275\"}",
		"{" KERNEL ",\"policy\":\"any\"}",
		"{" KERNEL ",\"modules\":[\"a\"]," REST "}",
		"{" KERNEL "," SET ",\"modules\":[\"a/../b\"]," REST "}",
		"{" KERNEL "," SET ",\"modules\":[\"\"]," REST "}",
		"{" KERNEL "," SET ",\"modules\":\"a\"," REST "}",
		"{" KERNEL "," SET ",\"modules\":[\"a b\"]," REST "}",
		"{" KERNEL ",\"ramdisk_size\":0," REST "}",
		"{" KERNEL ",\"ramdisk_size\":\"16\"," REST "}",
		"{" KERNEL ",\"ramdisk_size\":-1," REST "}",
		"{" KERNEL ",\"cmdline\":\"a\\nb\"," REST "}",
		"{" KERNEL ",\"cmdline\":7," REST "}",
		"{" KERNEL ",\"cmdline\":\"a rdinit=/x\"," REST "}",
		"{" KERNEL ",\"cmdline\":\"initrd=/x\"," REST "}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		json_t *v = parse(all[i]);
		struct boot_params p;
		struct err e;

		if (boot_params_read(v, &p, &e) == 0)
			fail_msg("taken: %s", all[i]);
		assert_int_equal(e.kind, ERR_BAD_REQUEST);
		json_decref(v);
	}
}

/* The kernel cuts what is longer without a word. */
static void long_cmdline(void **state)
{
	_cleanup_(buf_fini) struct buf whole = { 0 };
	char line[BOOT_CMDLINE_MAX + 2];
	json_t *v = parse("{" KERNEL ",\"policy\":\"provided\","
			  "\"ramdisk_size\":1048576,\"firmware\":\"bios\"}");
	struct boot_params p;
	struct err e;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[BOOT_CMDLINE_MAX] = '\0';
	json_object_set_new(v, "cmdline", json_string(line));
	assert_int_equal(boot_params_read(v, &p, &e), 0);
	boot_cmdline(&p, true, &whole);
	buf_adds(&whole, "BOOT_IMAGE=/vmlinuz  initrd=/initrd ");
	assert_in_range(whole.len, BOOT_CMDLINE_MAX, 2047);
	line[BOOT_CMDLINE_MAX] = 'x';
	line[BOOT_CMDLINE_MAX + 1] = '\0';
	json_object_set_new(v, "cmdline", json_string(line));
	assert_int_equal(boot_params_read(v, &p, &e), -1);
	json_decref(v);
}

/* -- the digest ----------------------------------------------------------- */

static char program[256];

static void digest_of(const json_t *v, char hex_r[BOOT_DIGEST_SIZE])
{
	struct err e = { 0 };

	if (boot_digest(v, program, hex_r, &e) < 0)
		fail_msg("%s %s", e.msg, e.detail);
	assert_int_equal(strlen(hex_r), BOOT_DIGEST_SIZE - 1);
}

static void write_init(const char *what)
{
	_cleanup_(cleanup_free) char *path = xasprintf("%s-init", program);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(what, f);
	fclose(f);
}

static void digest(void **state)
{
	char first[BOOT_DIGEST_SIZE], next[BOOT_DIGEST_SIZE];
	char dir[] = "/tmp/boot-params-XXXXXX";
	_cleanup_(cleanup_free) char *init = NULL;
	json_t *v = parse("{" KERNEL "," REST "}");

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/nova-lite-boot", dir);
	write_init("one");
	digest_of(v, first);
	digest_of(v, next);
	assert_string_equal(first, next);
	/* names are nothing to it, contents are */
	json_object_set_new(json_object_get(v, "kernel"), "name",
			    json_string("another"));
	digest_of(v, next);
	assert_string_equal(first, next);
	json_object_set_new(v, "cmdline", json_string("quiet"));
	digest_of(v, next);
	assert_string_not_equal(first, next);
	json_object_del(v, "cmdline");
	write_init("other");
	digest_of(v, next);
	assert_string_not_equal(first, next);
	json_decref(v);
	init = xasprintf("%s-init", program);
	unlink(init);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(refused),
		cmocka_unit_test(long_cmdline),
		cmocka_unit_test(digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
