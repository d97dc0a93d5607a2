/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SEAL_H
#define LITE_SEAL_H

/*
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D) with keys from a file, so
 * that a copy of the database alone is worth nothing. A sealed secret is
 *
 *	1 (version) | key's id, 4 | nonce, 12 | ciphertext | tag, 16
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"

#define SEAL_KEYS_MAX	8
#define SEAL_KEY_SIZE	32
#define SEAL_OVERHEAD	33

/*
 * The keys of a file, one a line in 64 lower-case hex digits, '#' begins a
 * comment. The first seals, all unseal: a new key goes on top, and the old one
 * away when nothing sealed with it is left.
 */
struct seal_keys {
	size_t n;
	struct {
		uint32_t id;
		uint8_t key[SEAL_KEY_SIZE];
	} at[SEAL_KEYS_MAX];
};

/* Fails with INTERNAL when the file is not there, is not the owner's alone
 * (mode 0600 or less), or holds anything else. */
int seal_keys_read(struct seal_keys *k, const char *path, struct err *e);
void seal_keys_fini(struct seal_keys *k);	/* clears them */

/*
 * Seals n bytes for the purpose (any text; the same is needed to open) into
 * out, n + SEAL_OVERHEAD bytes.
 */
void seal(const struct seal_keys *k, const char *purpose, const void *data,
	  size_t n, uint8_t *out);
/* Opens into out, n - SEAL_OVERHEAD bytes; returns their number, or -1 when it
 * was not sealed with one of the keys for this purpose. */
ssize_t unseal(const struct seal_keys *k, const char *purpose,
	       const void *sealed, size_t n, void *out);

/* A text sealed, as base64; and it again, NULL when it cannot be opened. Both
 * are the caller's to free, the latter to clear before. */
char *seal_text(const struct seal_keys *k, const char *purpose,
		const char *text);
char *unseal_text(const struct seal_keys *k, const char *purpose,
		  const char *sealed);

#endif
