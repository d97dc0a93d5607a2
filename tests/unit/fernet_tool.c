/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our side of tests/clients/fernet_oracle_test.sh: makes and reads tokens with
 * a key repository, so that Keystone's own code can be held against it.
 *	fernet_tool setup DIR | rotate DIR MAX
 *	fernet_tool make DIR KIND USER METHODS SCOPE VIA EXPIRES ISSUED AUDIT...
 *	fernet_tool read DIR TOKEN
 * Fields are printed in the order of `make`; "-" stands for an empty one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/fernet.h"

static void copy_id(char out[TOKEN_ID_SIZE], const char *text)
{
	snprintf(out, TOKEN_ID_SIZE, "%s", strcmp(text, "-") ? text : "");
}

static int make(struct fernet_repo *repo, char **arg, int count)
{
	struct token_payload p = {
		.kind = (enum token_kind)atoi(arg[0]),
		.methods = (unsigned int)atoi(arg[2]),
		.expires_at = atoll(arg[5]),
		.issued_at = atoll(arg[6]),
	};
	char token[TOKEN_TEXT_SIZE];

	copy_id(p.user_id, arg[1]);
	copy_id(p.scope_id, arg[3]);
	copy_id(p.via_id, arg[4]);
	for (int i = 7; i < count && p.audit_count < TOKEN_AUDIT_MAX; i++)
		snprintf(p.audit_id[p.audit_count++], TOKEN_AUDIT_SIZE, "%s",
			 arg[i]);
	fernet_token_make(repo, &p, token);
	puts(token);
	return 0;
}

static int read_token(struct fernet_repo *repo, const char *token)
{
	struct token_payload p;

	if (fernet_token_read(repo, token, &p) < 0)
		return 1;
	printf("%d %s %u %s %s %" PRId64 " %" PRId64, (int)p.kind, p.user_id,
	       p.methods, *p.scope_id ? p.scope_id : "-",
	       *p.via_id ? p.via_id : "-", p.expires_at, p.issued_at);
	for (uint32_t i = 0; i < p.audit_count; i++)
		printf(" %s", p.audit_id[i]);
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	struct fernet_repo *repo;
	struct err e;
	int rc = 2;

	if (argc == 3 && strcmp(argv[1], "setup") == 0)
		return -fernet_repo_setup(argv[2], &e);
	if (argc == 4 && strcmp(argv[1], "rotate") == 0)
		return -fernet_repo_rotate(argv[2], (unsigned)atoi(argv[3]),
					   &e);
	repo = argc > 2 ? fernet_repo_new(argv[2], &e) : NULL;
	if (!repo)
		return 2;
	if (argc >= 10 && strcmp(argv[1], "make") == 0)
		rc = make(repo, argv + 3, argc - 3);
	else if (argc == 4 && strcmp(argv[1], "read") == 0)
		rc = read_token(repo, argv[3]);
	fernet_repo_free(repo);
	return rc;
}
