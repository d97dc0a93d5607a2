/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/siphash.h"

#include <endian.h>
#include <string.h>

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static void put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static inline uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void rounds(uint64_t v[4], int n)
{
	for (int i = 0; i < n; i++) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] = rotl(v[2], 32);
	}
}

static inline void absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

static inline uint64_t squeeze(uint64_t v[4])
{
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void siphash(const uint8_t key[SIPHASH_KEY_SIZE], const void *data,
	     size_t len, uint8_t out_r[SIPHASH_SIZE])
{
	uint64_t k0 = get64(key), k1 = get64(key + 8);
	uint64_t v[4] = {	/* "somepseudorandomlygeneratedbytes" */
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573,
	};
	const uint8_t *p = data, *end = p + len / 8 * 8;
	uint8_t last[8] = { 0 };

	for (; p < end; p += 8)
		absorb(v, get64(p));
	memcpy(last, p, len % 8);
	last[7] = (uint8_t)len;
	absorb(v, get64(last));
	v[2] ^= 0xee;
	put64(out_r, squeeze(v));
	v[1] ^= 0xdd;
	put64(out_r + 8, squeeze(v));
}
