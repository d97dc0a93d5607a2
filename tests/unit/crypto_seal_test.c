/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "common/crypto/seal.h"

#define ONE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TWO "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static char dir[] = "/tmp/seal-XXXXXX", path[64];

static void write_keys(const char *text, mode_t mode)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void keys_of(struct seal_keys *k, const char *text)
{
	struct err e;

	write_keys(text, 0600);
	if (seal_keys_read(k, path, &e) < 0)
		fail_msg("%s", e.detail);
}

static void files(void **state)
{
	static const char *const bad[] = {
		"", "# nothing\n", "abc\n", ONE "0\n", ONE "\nxyz\n",
		ONE " " TWO "x\n\n" "short\n",
	};
	struct seal_keys k;
	struct err e;

	(void)state;
	keys_of(&k, "# the newest first\n" ONE "   # made today\n\n" TWO "\n");
	assert_int_equal(k.n, 2);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		write_keys(bad[i], 0600);
		assert_int_equal(seal_keys_read(&k, path, &e), -1);
		assert_null(strstr(e.detail, "0011"));
		assert_int_equal(k.n, 0);
	}
	write_keys(ONE "\n", 0640);
	assert_int_equal(seal_keys_read(&k, path, &e), -1);
	unlink(path);
	assert_int_equal(seal_keys_read(&k, path, &e), -1);
}

static void sealing(void **state)
{
	uint8_t sealed[SEAL_OVERHEAD + 6], again[sizeof(sealed)], out[6];
	struct seal_keys old, both, other;

	(void)state;
	keys_of(&old, ONE "\n");
	keys_of(&both, TWO "\n" ONE "\n");
	keys_of(&other, TWO "\n");
	seal(&old, "pool/1", "secret", 6, sealed);
	assert_null(memmem(sealed, sizeof(sealed), "secret", 6));
	assert_int_equal(unseal(&old, "pool/1", sealed, sizeof(sealed), out),
			 6);
	assert_memory_equal(out, "secret", 6);
	assert_int_equal(unseal(&both, "pool/1", sealed, sizeof(sealed), out),
			 6);
	assert_int_equal(unseal(&other, "pool/1", sealed, sizeof(sealed),
				out), -1);
	assert_int_equal(unseal(&old, "pool/2", sealed, sizeof(sealed), out),
			 -1);
	seal(&old, "pool/1", "secret", 6, again);
	assert_memory_not_equal(sealed, again, sizeof(sealed));
}

/* Nothing comes of it, whichever bit is another, and nothing is left. */
static void tampered(void **state)
{
	uint8_t sealed[SEAL_OVERHEAD + 6], out[6];
	struct seal_keys k;

	(void)state;
	keys_of(&k, ONE "\n");
	seal(&k, "p", "secret", 6, sealed);
	for (size_t i = 0; i < 8 * sizeof(sealed); i++) {
		sealed[i / 8] ^= 1 << i % 8;
		memset(out, 0, sizeof(out));
		assert_int_equal(unseal(&k, "p", sealed, sizeof(sealed), out),
				 -1);
		assert_memory_equal(out, "\0\0\0\0\0\0", 6);
		sealed[i / 8] ^= 1 << i % 8;
	}
	for (size_t n = 0; n < sizeof(sealed); n++)
		assert_int_equal(unseal(&k, "p", sealed, n, out), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(sealing),
		cmocka_unit_test(tampered),
	};
	int rc;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/keys", dir);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return rc;
}
