/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_PASSWORD_H
#define LITE_PASSWORD_H

/*
 * Password hashes in the formats that Keystone stores. Every function here is
 * slow on purpose (0.2 s at the default cost): call them on the hash pool only.
 */
#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_COST		12	/* Keystone's default */
#define PASSWORD_HASH_SIZE	128

/*
 * Hashes with bcrypt ($2b$), which sees the first 72 bytes only, at `cost`
 * (4 to 31: the time doubles with each).
 */
void password_hash(const char *password, unsigned int cost,
		   char hash_r[PASSWORD_HASH_SIZE]);

/*
 * Whether `password` is the one behind `hash`: bcrypt, $bcrypt-sha256$
 * (versions 1 and 2), $scrypt$, $pbkdf2-sha512$ or $6$. A hash in any other or
 * a broken format matches nothing.
 */
bool password_verify(const char *password, const char *hash);

/*
 * Takes the time of a verification at `cost` and fails: for a user that does
 * not exist, so that the answer's delay does not tell.
 */
void password_burn(const char *password, unsigned int cost);

#endif
