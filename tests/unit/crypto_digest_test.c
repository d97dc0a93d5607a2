/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "common/crypto/siphash.h"

/* RFC 1321 A.5, FIPS 180-4 examples: the digests of "abc". */
static void digests_of_abc(void **state)
{
	static const char *const want[] = {
		[DIGEST_MD5] = "900150983cd24fb0d6963f7d28e17f72",
		[DIGEST_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
		[DIGEST_SHA256] = "ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad",
		[DIGEST_SHA512] = "ddaf35a193617abacc417349ae204131"
				  "12e6fa4e89a97ea20a9eeee64b55d39a"
				  "2192992a274fc1a836ba3c23a3feebbd"
				  "454d4423643ce80e2a9ac94fa54ca49f",
	};
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct digest d;

		digest_init(&d, (enum digest_kind)i);
		digest_update(&d, "a", 1);
		digest_update(&d, "bc", 2);
		digest_hex(&d, hex);
		digest_fini(&d);
		assert_string_equal(hex, want[i]);
		digest_hex_of((enum digest_kind)i, "abc", 3, hex);
		assert_string_equal(hex, want[i]);
	}
}

/* RFC 4231, test case 2. */
static void hmac_of_rfc4231(void **state)
{
	uint8_t mac[SHA256_SIZE];
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	hex_encode(hex, mac, sizeof(mac));
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c7"
				 "5a003f089d2739839dec58b964ec3843");
}

/* The authors' vectors: key and text are 00 01 02 ... */
static void siphash_of_its_authors(void **state)
{
	static const struct {
		size_t len;
		const char *hex;
	} want[] = {
		{ 0, "a3817f04ba25a8e66df67214c7550293" },
		{ 1, "da87c1d86b99af44347659119b22fc45" },
		{ 8, "3b62a9ba6258f5610f83e264f31497b4" },
		{ 15, "5493e99933b0a8117e08ec0f97cfc3d9" },
	};
	uint8_t bytes[16], out[SIPHASH_SIZE];
	char hex[2 * SIPHASH_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		siphash(bytes, bytes, want[i].len, out);
		hex_encode(hex, out, sizeof(out));
		assert_string_equal(hex, want[i].hex);
	}
}

static void hex_is_strict(void **state)
{
	uint8_t out[2];

	(void)state;
	assert_int_equal(hex_decode(out, 2, "00ff", 4), 0);
	assert_memory_equal(out, "\0\xff", 2);
	assert_int_equal(hex_decode(out, 2, "00F0", 4), -1);
	assert_int_equal(hex_decode(out, 2, "00f", 3), -1);
	assert_int_equal(hex_decode(out, 2, "00fg", 4), -1);
}

static void uuids_are_version_4(void **state)
{
	char dashed[UUID_SIZE], bare[UUID_HEX_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		uuid_v4(dashed);
		uuid_v4_hex(bare);
		assert_int_equal(strlen(dashed), 36);
		assert_int_equal(strlen(bare), 32);
		assert_int_equal(strspn(bare, "0123456789abcdef"), 32);
		assert_int_equal(dashed[8], '-');
		assert_int_equal(dashed[13], '-');
		assert_int_equal(dashed[18], '-');
		assert_int_equal(dashed[23], '-');
		assert_int_equal(dashed[14], '4');
		assert_non_null(strchr("89ab", dashed[19]));
		assert_int_equal(bare[12], '4');
		assert_non_null(strchr("89ab", bare[16]));
	}
}

static void base64_round_trip(void **state)
{
	uint8_t data[64], back[BASE64_DATA_SIZE(BASE64_TEXT_SIZE(64))];
	char text[BASE64_TEXT_SIZE(64)];

	(void)state;
	for (size_t len = 0; len <= sizeof(data); len++) {
		for (int form = BASE64_STD; form <= BASE64_URL; form++) {
			size_t n;

			random_bytes(data, sizeof(data));
			n = base64_encode(form, text, data, len);
			assert_int_equal(n, strlen(text));
			assert_true(n < sizeof(text));
			assert_int_equal(base64_decode(form, back, text, n),
					 len);
			assert_memory_equal(back, data, len);
		}
	}
}

static ssize_t decode(enum base64_form form, const char *text)
{
	uint8_t out[64];

	return base64_decode(form, out, text, strlen(text));
}

static void base64_is_strict(void **state)
{
	static const char *const bad[] = {
		"A", "AA", "AAA", "AA=", "A===", "====", "=", "AAAA=",
		"AAAA==", "AA==AAAA", "AAA\n", "AA A", "AB==", "AAB=", "A-A=",
		"AA_=", "AAAA AAAA", "AAA\xc3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decode(BASE64_STD, bad[i]), -1);
	assert_int_equal(decode(BASE64_STD, ""), 0);
	assert_int_equal(decode(BASE64_STD, "AA=="), 1);
	assert_int_equal(decode(BASE64_STD, "+/A="), 2);
	assert_int_equal(decode(BASE64_URL, "-_A="), 2);
	assert_int_equal(decode(BASE64_URL, "-_A"), 2);
	assert_int_equal(decode(BASE64_URL, "-_A=="), -1);
	assert_int_equal(decode(BASE64_URL, "+_A"), -1);
	assert_int_equal(decode(BASE64_URL, "AAAAA"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_of_abc),
		cmocka_unit_test(hmac_of_rfc4231),
		cmocka_unit_test(siphash_of_its_authors),
		cmocka_unit_test(hex_is_strict),
		cmocka_unit_test(uuids_are_version_4),
		cmocka_unit_test(base64_round_trip),
		cmocka_unit_test(base64_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
