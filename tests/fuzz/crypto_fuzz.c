/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the readers of common/crypto: the first byte picks one. What a reader
 * accepts must come out the same when it is written and read again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto/base64.h"
#include "common/crypto/fernet.h"
#include "common/crypto/ssh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void base64_fuzz(enum base64_form form, const char *text, size_t len)
{
	uint8_t *bytes = malloc(BASE64_DATA_SIZE(len));
	char *again = malloc(BASE64_TEXT_SIZE(BASE64_DATA_SIZE(len)));
	ssize_t n = base64_decode(form, bytes, text, len);
	size_t bare;

	if (n >= 0) {
		bare = base64_encode(form, again, bytes, (size_t)n);
		assert(bare <= len && memcmp(again, text, bare) == 0);
		assert(form == BASE64_URL || bare == len);
	}
	free(again);
	free(bytes);
}

static void payload_fuzz(const uint8_t *data, size_t size)
{
	uint8_t room[TOKEN_PAYLOAD_SIZE];
	struct token_payload p, again;
	size_t len;

	if (token_payload_unpack(data, size, &p) < 0)
		return;
	len = token_payload_pack(&p, room);
	assert(token_payload_unpack(room, len, &again) == 0);
	assert(p.kind == again.kind && p.methods == again.methods);
	assert(strcmp(p.user_id, again.user_id) == 0);
	assert(strcmp(p.via_id, again.via_id) == 0);
	assert(p.expires_at == again.expires_at);
	assert(memcmp(p.audit_id, again.audit_id, sizeof(p.audit_id)) == 0);
}

static struct fernet_repo *test_repo(void)
{
	static struct fernet_repo *repo;
	char dir[] = "/tmp/crypto-fuzz-XXXXXX";
	char path[sizeof(dir) + 2];
	struct err e;

	if (repo)
		return repo;
	assert(mkdtemp(dir) && fernet_repo_setup(dir, &e) == 0);
	repo = fernet_repo_new(dir, &e);
	assert(repo);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		unlink(path);
	}
	rmdir(dir);
	return repo;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char fingerprint[SSH_FINGERPRINT_SIZE];
	struct token_payload p;
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	assert(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 5) {
	case 0:
		base64_fuzz(BASE64_STD, text, size - 1);
		break;
	case 1:
		base64_fuzz(BASE64_URL, text, size - 1);
		break;
	case 2:
		payload_fuzz(data + 1, size - 1);
		break;
	case 3:
		ssh_public_key_check(text, fingerprint);
		break;
	case 4:
		fernet_token_read(test_repo(), text, &p);
		break;
	}
	free(text);
	return 0;
}
