/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SIPHASH_H
#define LITE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * SipHash-2-4 with an output of 128 bits (Aumasson and Bernstein): a keyed
 * digest of short texts, several times cheaper than SHA-256. Who does not know
 * the key can neither find a text for a digest nor two texts with the same.
 */
#define SIPHASH_KEY_SIZE 16
#define SIPHASH_SIZE 16

void siphash(const uint8_t key[SIPHASH_KEY_SIZE], const void *data,
	     size_t len, uint8_t out_r[SIPHASH_SIZE]);

#endif
