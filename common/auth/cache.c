/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/auth/cache.h"
#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "common/crypto/siphash.h"

/* Set-associative: a key has one set, and in it the oldest makes room. */
#define SETS 1024
#define WAYS 4
#define LOCKS 64
#define TTL (60 * USEC_PER_SEC)

struct key {
	uint8_t b[SIPHASH_SIZE];
};

struct entry {
	struct key key;
	struct token *token;
	uint64_t epoch;
	usec_t good_until;
};

struct token_cache {
	uint8_t secret[SIPHASH_KEY_SIZE];
	_Atomic uint64_t epoch;
	pthread_mutex_t locks[LOCKS];
	struct entry entries[SETS][WAYS];
};

struct token_cache *token_cache_new(void)
{
	struct token_cache *c = xcalloc(1, sizeof(*c));
	int i;

	random_bytes(c->secret, sizeof(c->secret));
	for (i = 0; i < LOCKS; i++)
		pthread_mutex_init(&c->locks[i], NULL);
	return c;
}

void token_cache_free(struct token_cache *c)
{
	int i, j;

	if (!c)
		return;
	for (i = 0; i < SETS; i++)
		for (j = 0; j < WAYS; j++)
			token_unref(c->entries[i][j].token);
	for (i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&c->locks[i]);
	free(c);
}

void token_cache_flush(struct token_cache *c)
{
	atomic_fetch_add(&c->epoch, 1);
}

uint64_t token_cache_epoch(const struct token_cache *c)
{
	return atomic_load(&c->epoch);
}

static struct key key_of(const struct token_cache *c, const char *text)
{
	struct key k;

	siphash(c->secret, text, strlen(text), k.b);
	return k;
}

static unsigned set_of(const struct key *k)
{
	return (k->b[0] | (unsigned)k->b[1] << 8) % SETS;
}

static struct entry *find(struct token_cache *c, unsigned set,
			  const struct key *k)
{
	int i;

	for (i = 0; i < WAYS; i++)
		if (c->entries[set][i].token &&
		    memcmp(&c->entries[set][i].key, k, sizeof(*k)) == 0)
			return &c->entries[set][i];
	return NULL;
}

struct token *token_cache_get(struct token_cache *c, const char *text)
{
	struct key key = key_of(c, text);
	unsigned set = set_of(&key);
	struct token *t = NULL;
	struct entry *en;

	pthread_mutex_lock(&c->locks[set % LOCKS]);
	en = find(c, set, &key);
	if (en && en->epoch == atomic_load(&c->epoch) &&
	    en->good_until > usec_now())
		t = token_ref(en->token);
	pthread_mutex_unlock(&c->locks[set % LOCKS]);
	return t;
}

static struct entry *victim(struct token_cache *c, unsigned set)
{
	struct entry *v = &c->entries[set][0];
	int i;

	for (i = 0; i < WAYS; i++)
		if (c->entries[set][i].good_until < v->good_until)
			v = &c->entries[set][i];
	return v;
}

void token_cache_put(struct token_cache *c, const char *text, uint64_t epoch,
		     struct token *t)
{
	struct key key = key_of(c, text);
	usec_t until = usec_now() + TTL;
	unsigned set = set_of(&key);
	struct entry *en;

	if (until > t->expires_at)
		until = t->expires_at;
	pthread_mutex_lock(&c->locks[set % LOCKS]);
	en = find(c, set, &key);
	if (!en)
		en = victim(c, set);
	token_unref(en->token);
	en->key = key;
	en->token = token_ref(t);
	en->epoch = epoch;
	en->good_until = until;
	pthread_mutex_unlock(&c->locks[set % LOCKS]);
}
