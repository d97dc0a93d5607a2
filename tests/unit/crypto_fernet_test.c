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

#include "common/crypto/base64.h"
#include "common/crypto/fernet.h"
#include "common/crypto/msgpack.h"

#define HEX_A	"0123456789abcdef0123456789abcdef"
#define HEX_B	"fedcba9876543210fedcba9876543210"

static struct err err;
static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/crypto-fernet-XXXXXX");
	if (!mkdtemp(dir) || rmdir(dir) < 0)
		return -1;
	return fernet_repo_setup(dir, &err);
}

static int remove_dir(void **state)
{
	char path[96];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		unlink(path);
	}
	return rmdir(dir);
}

static int has_key(int number)
{
	char path[96];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%d", dir, number);
	if (stat(path, &st) < 0)
		return 0;
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 44);
	return 1;
}

static void setup_makes_keys_0_and_1(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(has_key(0) && has_key(1) && !has_key(2));
	assert_int_equal(fernet_repo_setup(dir, &err), 0);
	assert_false(has_key(2));
}

static struct token_payload sample(enum token_kind kind)
{
	struct token_payload p = {
		.kind = kind,
		.user_id = HEX_A,
		.methods = TOKEN_METHOD_PASSWORD | TOKEN_METHOD_TOKEN,
		.expires_at = 1790000000123457,
		.issued_at = 1789996400,
		.audit_count = 2,
	};

	token_audit_id(p.audit_id[0]);
	token_audit_id(p.audit_id[1]);
	if (kind == TOKEN_SYSTEM)
		strcpy(p.scope_id, "all");
	else if (kind != TOKEN_UNSCOPED)
		strcpy(p.scope_id, HEX_B);
	if (kind == TOKEN_TRUST || kind == TOKEN_APP_CRED)
		strcpy(p.via_id, HEX_A);
	return p;
}

static void same_payload(const struct token_payload *a,
			 const struct token_payload *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->user_id, b->user_id);
	assert_int_equal(a->methods, b->methods);
	assert_string_equal(a->scope_id, b->scope_id);
	assert_string_equal(a->via_id, b->via_id);
	assert_int_equal(a->expires_at, b->expires_at);
	assert_int_equal(a->issued_at, b->issued_at);
	assert_int_equal(a->audit_count, b->audit_count);
	for (uint32_t i = 0; i < a->audit_count; i++)
		assert_string_equal(a->audit_id[i], b->audit_id[i]);
}

static void round_trip(struct fernet_repo *repo, const struct token_payload *p)
{
	char token[TOKEN_TEXT_SIZE];
	struct token_payload back;

	fernet_token_make(repo, p, token);
	assert_memory_equal(token, "gAAAAA", 6);
	assert_null(strchr(token, '='));
	assert_int_equal(fernet_token_read(repo, token, &back), 0);
	same_payload(p, &back);
}

static void every_kind_survives(void **state)
{
	static const enum token_kind kinds[] = {
		TOKEN_UNSCOPED, TOKEN_DOMAIN, TOKEN_PROJECT,
		TOKEN_TRUST, TOKEN_SYSTEM, TOKEN_APP_CRED,
	};
	struct fernet_repo *repo = fernet_repo_new(dir, &err);
	struct token_payload p;

	(void)state;
	assert_non_null(repo);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		p = sample(kinds[i]);
		round_trip(repo, &p);
	}
	p = sample(TOKEN_DOMAIN);
	strcpy(p.scope_id, "default");
	strcpy(p.user_id, "somebody");
	p.audit_count = 1;
	p.expires_at = 1790000000999999;
	round_trip(repo, &p);
	memset(p.user_id, 'u', TOKEN_ID_SIZE - 1);
	memset(p.scope_id, 's', TOKEN_ID_SIZE - 1);
	p.methods = 0xffff;
	p.audit_count = 0;
	round_trip(repo, &p);
	fernet_repo_free(repo);
}

static void changed_tokens_are_refused(void **state)
{
	struct fernet_repo *repo = fernet_repo_new(dir, &err);
	struct token_payload p = sample(TOKEN_PROJECT), back;
	char token[TOKEN_TEXT_SIZE], long_token[2000];

	(void)state;
	assert_non_null(repo);
	fernet_token_make(repo, &p, token);
	for (char *c = token; *c; c++) {
		char was = *c;

		*c = was == 'A' ? 'B' : 'A';
		assert_int_equal(fernet_token_read(repo, token, &back), -1);
		*c = '\0';
		assert_int_equal(fernet_token_read(repo, token, &back), -1);
		*c = was;
	}
	assert_int_equal(fernet_token_read(repo, token, &back), 0);
	memset(long_token, 'A', sizeof(long_token) - 1);
	long_token[sizeof(long_token) - 1] = '\0';
	assert_int_equal(fernet_token_read(repo, long_token, &back), -1);
	fernet_repo_free(repo);
}

/* What rotation leaves in the folder, and when a token stops to be readable. */
static void rotation(void **state)
{
	struct fernet_repo *repo = fernet_repo_new(dir, &err);
	struct token_payload p = sample(TOKEN_PROJECT), back;
	char token[TOKEN_TEXT_SIZE];

	(void)state;
	assert_non_null(repo);
	fernet_token_make(repo, &p, token);
	assert_int_equal(fernet_repo_rotate(dir, 3, &err), 0);
	assert_true(has_key(0) && has_key(1) && has_key(2));
	assert_true(fernet_repo_refresh(repo, &err) >= 0);
	assert_int_equal(fernet_token_read(repo, token, &back), 0);
	assert_int_equal(fernet_repo_rotate(dir, 3, &err), 0);
	assert_true(has_key(0) && !has_key(1) && has_key(2) && has_key(3));
	assert_true(fernet_repo_refresh(repo, &err) >= 0);
	assert_int_equal(fernet_token_read(repo, token, &back), -1);
	fernet_repo_free(repo);
}

/* Another process rotates twice and uses its new key at once. */
static void new_keys_are_found(void **state)
{
	struct fernet_repo *ours = fernet_repo_new(dir, &err), *theirs;
	struct token_payload p = sample(TOKEN_UNSCOPED), back;
	char token[TOKEN_TEXT_SIZE];

	(void)state;
	assert_non_null(ours);
	assert_int_equal(fernet_repo_rotate(dir, 5, &err), 0);
	assert_int_equal(fernet_repo_rotate(dir, 5, &err), 0);
	theirs = fernet_repo_new(dir, &err);
	assert_non_null(theirs);
	fernet_token_make(theirs, &p, token);
	assert_int_equal(fernet_token_read(ours, token, &back), 0);
	fernet_repo_free(theirs);
	fernet_repo_free(ours);
}

static void broken_repositories(void **state)
{
	struct fernet_repo *repo = fernet_repo_new(dir, &err);
	char path[96];
	FILE *f;

	(void)state;
	assert_null(fernet_repo_new("/nonexistent", &err));
	assert_int_equal(err.kind, ERR_INTERNAL);
	snprintf(path, sizeof(path), "%s/7", dir);
	f = fopen(path, "w");
	fputs("not a key", f);
	fclose(f);
	assert_null(fernet_repo_new(dir, &err));
	assert_int_equal(fernet_repo_refresh(repo, &err), -1);
	round_trip(repo, &(struct token_payload){ .kind = TOKEN_UNSCOPED,
						.user_id = HEX_A });
	fernet_repo_free(repo);
	f = fopen(path, "w");
	fclose(f); /* an empty file is not a key, and no reason to stop */
	repo = fernet_repo_new(dir, &err);
	assert_non_null(repo);
	fernet_repo_free(repo);
}

/* As msgpack before 1.0 wrote it: bytes as raw strings. */
static void raw_strings_are_read(void **state)
{
	static const uint8_t payload[] =
		"\x95\x00\x92\xc3\xb0"
		"\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab"
		"\xcd\xef\x02\xcb\x41\xda\xb1\x3b\x00\x00\x00\x00\x91\xb0"
		"0123456789abcdef";
	struct token_payload p;
	size_t len = sizeof(payload) - 1;

	(void)state;
	assert_int_equal(token_payload_unpack(payload, len, &p), 0);
	assert_string_equal(p.user_id, HEX_A);
	assert_int_equal(p.methods, TOKEN_METHOD_PASSWORD);
	assert_int_equal(p.audit_count, 1);
	assert_string_equal(p.audit_id[0], "MDEyMzQ1Njc4OWFiY2RlZg");
	while (len-- > 0)
		assert_int_equal(token_payload_unpack(payload, len, &p), -1);
}

/* Kinds that nobody makes (4: federated) have no layout to be read by. */
static void unknown_kinds_are_refused(void **state)
{
	uint8_t payload[] =
		"\x90\x04\x92\xc2\xa1u\x02\xcb\x41\xda\xb1\x3b\0\0\0\0\x90";
	struct token_payload p;

	(void)state;
	for (uint8_t kind = 0; kind < 16; kind++) {
		payload[1] = kind;
		assert_int_equal(token_payload_unpack(payload,
						      sizeof(payload) - 1, &p),
				 -1);
	}
	payload[0] = 0x95;
	payload[1] = 0;
	assert_int_equal(token_payload_unpack(payload, sizeof(payload) - 1,
					      &p), 0);
}

static void msgpack_integers(void **state)
{
	static const uint64_t values[] = {
		0, 127, 128, 255, 256, 65535, 65536, UINT32_MAX,
		(uint64_t)UINT32_MAX + 1, UINT64_MAX,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint8_t room[9];
		struct msgpack_out out = { room, room + sizeof(room) };
		struct msgpack_in in = { room, NULL };
		uint64_t v;

		msgpack_put_uint(&out, values[i]);
		in.end = out.p;
		assert_int_equal(msgpack_get_uint(&in, &v), 0);
		assert_true(v == values[i] && in.p == in.end);
	}
}

#define ON_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DIR(setup_makes_keys_0_and_1),
		ON_DIR(every_kind_survives),
		ON_DIR(changed_tokens_are_refused),
		ON_DIR(rotation),
		ON_DIR(new_keys_are_found),
		ON_DIR(broken_repositories),
		cmocka_unit_test(raw_strings_are_read),
		cmocka_unit_test(unknown_kinds_are_refused),
		cmocka_unit_test(msgpack_integers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
