/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/crypto/base64.h"
#include "common/crypto/ssh.h"

/* Made by ssh-keygen, with the fingerprints it prints. */
static const struct sample {
	const char *type, *blob, *fingerprint;
} samples[] = {
	{ "ssh-rsa",
	  "AAAAB3NzaC1yc2EAAAADAQABAAABAQC5l4EQwMLsIZ9uJsGp/OD8Ze8gqc/d"
	  "HE1qb240eCgRJCPbYXsFlwbPJ2CaQ7S60ZbRjup9ulfX1GgW4YrhBPYu1YQH"
	  "Vsz5VGj6JS898EFzgFAWz/U8aD+jofJes14pd7Zwp7KGj/1eEQy8/x4pyAi4"
	  "u39+nBoOOan8c+0gEPNsx/7ueKpVPTFDqrRz0udZRhkjEvPZ6lrwUfGPczxr"
	  "FHcctluvywfet3b5sHa3jULt2luAOL7g8s8r1+YxfueO+rKFQwh+DRO9+XeC"
	  "eCnG6axt95rnPkgfIYWA0iIEvHprXoDlCCyoIgWDXs+p246fKygyS71WdVT5"
	  "fRswWlfpaFft",
	  "d4:2c:b2:da:4a:18:a1:92:a1:54:4c:a6:49:07:4e:80" },
	{ "ssh-ed25519",
	  "AAAAC3NzaC1lZDI1NTE5AAAAINtkCeERyHHDkJAY5sSGaaVw2OKR7yQbZf/O"
	  "mRZTIzRE",
	  "9f:97:47:ae:97:b6:77:03:e8:40:ec:41:51:38:a8:b5" },
	{ "ecdsa-sha2-nistp256",
	  "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLp0OBLL"
	  "UNirKcqR1D/zqtmUU1iQp4qHuhIwTQW7YUCUto4ce2t+uFbpQAi6X/AqSiuD"
	  "H/74J+BYtWKtCvUQGEU=",
	  "cb:b2:b2:c4:83:d6:58:34:8d:cf:9c:7a:b0:0f:9b:06" },
	{ "ecdsa-sha2-nistp384",
	  "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBEhQYJn8"
	  "gaxNtAMgBTPmo1BlrTr+lRTvl7PtFMRfggXtE6I+Z42SZdoLS8jztkbq6XA8"
	  "Q9jp2f+1TNRyE8d2AB/4DL5qjs/2fwUFRtN2SELCKsnF7EUOBRVRo7dqtW0h"
	  "AA==",
	  "5d:ba:0d:4a:4e:af:6e:50:09:e7:42:f0:16:be:83:44" },
	{ "ecdsa-sha2-nistp521",
	  "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAEUnGNT"
	  "gP172v9HANrgG+nDmEJaRY4LI3+KR1V0Jso6N+OHjb+6VCrt0KC4Ni5rJLyh"
	  "I+PPW+fEUInqRGOn1zGnfAHQALP5TwJJzlVjdDWtHg+l5fjQ1yIlUh/GSU2k"
	  "3Qomo0noE5RVBotW3YfTuc5LEazDX+s2GbnpThsxcsJ9m3s24w==",
	  "79:40:f1:9d:d5:ae:58:d8:68:da:ec:21:f0:8e:b1:4d" },
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static int check(const char *type, const char *blob, const char *rest,
		 char *fingerprint_r)
{
	char line[2048];

	snprintf(line, sizeof(line), "%s %s%s", type, blob, rest);
	return ssh_public_key_check(line, fingerprint_r);
}

static void keys_of_ssh_keygen(void **state)
{
	static const char *const rests[] = {
		"", "\n", " me@host", " me@host with words\n", "\t", "\r\n",
	};
	char fingerprint[SSH_FINGERPRINT_SIZE];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct sample *s = &samples[i];

		for (size_t r = 0; r < sizeof(rests) / sizeof(rests[0]); r++) {
			assert_int_equal(check(s->type, s->blob, rests[r],
					       fingerprint), 0);
			assert_string_equal(fingerprint, s->fingerprint);
		}
	}
}

static void types_must_agree(void **state)
{
	char fingerprint[SSH_FINGERPRINT_SIZE];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		for (size_t j = 0; j < SAMPLES; j++)
			assert_int_equal(check(samples[i].type,
					       samples[j].blob, "",
					       fingerprint),
					 i == j ? 0 : -1);
}

static void cut_or_long_blobs(void **state)
{
	char fingerprint[SSH_FINGERPRINT_SIZE], text[1024];
	uint8_t blob[700];

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct sample *s = &samples[i];
		ssize_t len = base64_decode(BASE64_STD, blob, s->blob,
					    strlen(s->blob));

		assert_true(len > 0);
		blob[len] = 0;
		base64_encode(BASE64_STD, text, blob, (size_t)len + 1);
		assert_int_equal(check(s->type, text, "", fingerprint), -1);
		while (len-- > 0) {
			base64_encode(BASE64_STD, text, blob, (size_t)len);
			assert_int_equal(check(s->type, text, "",
					       fingerprint), -1);
		}
	}
}

/* A point that is not on the curve: one byte of the last key changed. */
static void points_off_the_curve(void **state)
{
	char fingerprint[SSH_FINGERPRINT_SIZE], text[1024];
	uint8_t blob[700];
	ssize_t len;

	(void)state;
	for (size_t i = 2; i < SAMPLES; i++) {
		len = base64_decode(BASE64_STD, blob, samples[i].blob,
				    strlen(samples[i].blob));
		blob[len - 1] ^= 1;
		base64_encode(BASE64_STD, text, blob, (size_t)len);
		assert_int_equal(check(samples[i].type, text, "",
				       fingerprint), -1);
	}
}

static void lines_that_are_no_keys(void **state)
{
	static const char *const lines[] = {
		"", " ", "ssh-rsa", "ssh-rsa ", "ssh-rsa\n", "bad key",
		"ssh-rsa AAAA", "ssh-dss AAAAB3NzaC1kc3M=", "ssh-rsa !!!!",
		" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID6LbtrH8xiS1QNIc93BuPrF"
		"66Yfq78S0pCYqPKm0S47",
		"ssh-ed25519\nAAAAC3NzaC1lZDI1NTE5AAAAID6LbtrH8xiS1QNIc93BuPrF"
		"66Yfq78S0pCYqPKm0S47",
	};
	char fingerprint[SSH_FINGERPRINT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(ssh_public_key_check(lines[i], fingerprint),
				 -1);
}

static void generated_pairs(void **state)
{
	static const char begin[] = "-----BEGIN RSA PRIVATE KEY-----\n";
	static const char end[] = "\n-----END RSA PRIVATE KEY-----\n";
	char fingerprint[SSH_FINGERPRINT_SIZE];
	struct ssh_keypair kp;

	(void)state;
	for (int i = 0; i < 3; i++) {
		size_t len;

		ssh_keypair_init(&kp);
		len = strlen(kp.private_key);
		assert_memory_equal(kp.private_key, begin, strlen(begin));
		assert_string_equal(kp.private_key + len - strlen(end), end);
		assert_non_null(strstr(kp.public_key, " Generated-by-Nova"));
		assert_int_equal(ssh_public_key_check(kp.public_key,
						      fingerprint), 0);
		assert_string_equal(fingerprint, kp.fingerprint);
		ssh_keypair_fini(&kp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_ssh_keygen),
		cmocka_unit_test(types_must_agree),
		cmocka_unit_test(cut_or_long_blobs),
		cmocka_unit_test(points_off_the_curve),
		cmocka_unit_test(lines_that_are_no_keys),
		cmocka_unit_test(generated_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
