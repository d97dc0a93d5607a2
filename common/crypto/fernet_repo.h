/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_FERNET_REPO_H
#define LITE_FERNET_REPO_H

/*
 * A Fernet key repository as Keystone keeps it: a folder of mode 0700 with
 * one file of mode 0600 per key, named by a number. The highest number is the
 * primary key, which encrypts; every key decrypts; 0 is the staged key, the
 * next primary. A file holds base64url of 32 bytes: 16 to sign, 16 to encrypt.
 */
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct fernet_key {
	unsigned long number;
	uint8_t sign[16], encrypt[16];
};

/* The loaded repository; shared by all threads. */
struct fernet_repo;

/* Loads `dir`. NULL with INTERNAL when it is unreadable or has no key. */
struct fernet_repo *fernet_repo_new(const char *dir, struct err *e);
void fernet_repo_free(struct fernet_repo *repo);

/*
 * Loads the repository again if a key was added or removed since: 1, or 0
 * when nothing changed. On failure (-1) the keys loaded before stay in use.
 * fernet_repo_lock() does this by itself at most once a second, and reading a
 * token does it when no key opens the token.
 */
int fernet_repo_refresh(struct fernet_repo *repo, struct err *e);

/* Creates the repository (keys 0 and 1) unless it has keys; fernet_setup. */
int fernet_repo_setup(const char *dir, struct err *e);

/*
 * The staged key becomes primary, a new one is staged, and the oldest go
 * until `max_active` are left (the staged one counts); fernet_rotate.
 */
int fernet_repo_rotate(const char *dir, unsigned int max_active,
		       struct err *e);

/*
 * The keys themselves, primary first, valid until fernet_repo_unlock() by the
 * same thread.
 */
const struct fernet_key *fernet_repo_lock(struct fernet_repo *repo,
					  size_t *count_r);
void fernet_repo_unlock(struct fernet_repo *repo);

#endif
