/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_TOKEN_CACHE_H
#define LITE_TOKEN_CACHE_H

#include "common/auth/auth.h"

/*
 * Token contexts by a keyed digest of their text, which itself is not kept:
 * bounded (4,096), at most 60 s old, never past a token's expiry. A flush
 * moves the epoch on; what was looked up in an older epoch is neither
 * returned nor let in.
 */
struct token_cache;

struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *c);	/* NULL is fine */
void token_cache_flush(struct token_cache *c);
uint64_t token_cache_epoch(const struct token_cache *c);
/* A reference, or NULL. */
struct token *token_cache_get(struct token_cache *c, const char *text);
void token_cache_put(struct token_cache *c, const char *text, uint64_t epoch,
		     struct token *t);

#endif
