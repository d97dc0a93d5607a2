/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/crypto/password.h"

/* Made by passlib 1.7.4, the library that Keystone hashes with. */
static const char *const hashes_of_sekrit[] = {
	"$2b$04$iAr85MmCWLEk3sKZWCy6seMNkGkWGhGrCQoUQtoBJNkkOJ2MX5Lry",
	"$bcrypt-sha256$2b,4$CrC3opOZM.af7DteMKxgRu"
	"$mlRAokUD4yoKyV6fGGnaDi1rVgB/1v.",
	"$bcrypt-sha256$v=2,t=2b,r=4$omQGPOOgJTcmgfBny7GYPe"
	"$/SUC8d5E/suW1YqY2iMn9K4GV95QpZO",
	"$scrypt$ln=4,r=8,p=1$NiZEiFFKSSmFUOodI+R8jw"
	"$FtCA2Z3J2s5TwtfHSHqmk+kRt8ZNjmtXPJUYDrIRRHQ",
	"$scrypt$ln=10,r=16,p=2$Z4xR6l0rZQwBgPC+d8557w"
	"$7+CktUzmNnwAmRmDOtqBtzLQ8zqKQ4UaTTlYi6O034c",
	"$pbkdf2-sha512$10$/p.T0vq/d46RsjZGCKG0tg"
	"$4uvySIVRjPwNF7LQZmkI27CMLVMri1vUbwFG.vx.mG3J6i/SJfZ9UcPYMnNBbSSPLj"
	"Mf7OcB30gxlHum0if.VA",
	"$6$rounds=1000$juu70gNt1ptIdPR/$CvYFmmOE97lD2jzzbHygPuaaRW5O.NbFza2h"
	"NLSTPfCkWbY4KGIrTrA/BCy7AJcQKGryniOdk8fdbnE6m.AFc/",
};

static void hashes_of_passlib(void **state)
{
	size_t n = sizeof(hashes_of_sekrit) / sizeof(hashes_of_sekrit[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const char *hash = hashes_of_sekrit[i];

		assert_true(password_verify("sekrit", hash));
		assert_false(password_verify("sekrit ", hash));
		assert_false(password_verify("Sekrit", hash));
		assert_false(password_verify("", hash));
	}
}

/* Every prefix, and every character changed: no crash and no match. */
static void broken_hashes_match_nothing(void **state)
{
	static const size_t cheap[] = { 0, 1, 2, 3, 5 };
	char hash[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cheap) / sizeof(cheap[0]); i++) {
		size_t len = strlen(hashes_of_sekrit[cheap[i]]);

		while (len-- > 0) {
			snprintf(hash, sizeof(hash), "%.*s", (int)len,
				 hashes_of_sekrit[cheap[i]]);
			assert_false(password_verify("sekrit", hash));
		}
	}
	assert_false(password_verify("sekrit", "sekrit"));
	assert_false(password_verify("sekrit", "$1$abc$def"));
	assert_false(password_verify("sekrit", "$scrypt$ln=99,r=1,p=1$YQ$YQ"));
	assert_false(password_verify("sekrit", "$scrypt$ln=4,r=0,p=0$YQ$YQ"));
	assert_false(password_verify("sekrit", "$pbkdf2-sha512$0$YQ$YQ"));
	assert_false(password_verify("sekrit", "$2b$04$short"));
	assert_false(password_verify("sekrit", "*0"));
}

static void bcrypt_sees_72_bytes(void **state)
{
	static const char *const of_72_p =
		"$2b$04$JVE1PejujVbTdqRrE88xN."
		"4kiGLk3.v/CePWz/fcENBeXqbpqHJYi";
	char p[5000];

	(void)state;
	memset(p, 'p', sizeof(p));
	p[4096] = '\0';
	assert_true(password_verify(p, of_72_p));
	p[73] = '\0';
	assert_true(password_verify(p, of_72_p));
	p[72] = '\0';
	assert_true(password_verify(p, of_72_p));
	p[71] = '\0';
	assert_false(password_verify(p, of_72_p));
}

static void other_schemes_see_all(void **state)
{
	static const char *const of_80_p =
		"$scrypt$ln=4,r=8,p=1$KAUgZAyhdG7NmXPOOaeUsg"
		"$3neaStmpoS/ePrpBQufbvlbTGMlZi2SxVKCdeRQXo8o";
	char p[81];

	(void)state;
	memset(p, 'p', sizeof(p));
	p[80] = '\0';
	assert_true(password_verify(p, of_80_p));
	p[72] = '\0';
	assert_false(password_verify(p, of_80_p));
}

static void our_own_hashes(void **state)
{
	char a[PASSWORD_HASH_SIZE], b[PASSWORD_HASH_SIZE];

	(void)state;
	password_hash("gr\xc3\xbc\xc3\x9f", 4, a);
	password_hash("gr\xc3\xbc\xc3\x9f", 4, b);
	assert_string_not_equal(a, b);
	assert_memory_equal(a, "$2b$04$", 7);
	assert_int_equal(strlen(a), 60);
	assert_true(password_verify("gr\xc3\xbc\xc3\x9f", a));
	assert_true(password_verify("gr\xc3\xbc\xc3\x9f", b));
	assert_false(password_verify("gruss", a));
	password_burn("gruss", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_of_passlib),
		cmocka_unit_test(broken_hashes_match_nothing),
		cmocka_unit_test(bcrypt_sees_72_bytes),
		cmocka_unit_test(other_schemes_see_all),
		cmocka_unit_test(our_own_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
