/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_FIRST_BOOT_H
#define NOVA_METADATA_FIRST_BOOT_H

#include <stdbool.h>

#include "common/base/conf.h"
#include "common/crypto/jws.h"
#include "common/crypto/seal.h"
#include "common/sql/sql.h"
#include "nova-lite/metadata/material.h"

/*
 * First boots: vault.c keeps secrets in the catalog, pool.c makes material
 * ahead, first_boot.c gives it out.
 */

#define FIRST_BOOT_KINDS 8
#define FIRST_BOOT_SECTION "first_boot"

struct first_boot_conf {
	const struct material *kinds[FIRST_BOOT_KINDS];
	size_t n;
	char names[FIRST_BOOT_KINDS * 16];	/* of kinds: "a,b" */
	int low, high, workers, days;
	const char *authority;
	struct seal_keys seal;		/* n 0: nothing is offered */
};
extern struct first_boot_conf first_boot_conf;

#define FIRST_BOOT_OPTS \
	{ FIRST_BOOT_SECTION, "seal_key_file", CONF_STR, NULL, \
	  "keys that seal what is made ahead, the same file for every " \
	  "metadata service; unset: nothing is offered" }, \
	{ FIRST_BOOT_SECTION, "kinds", CONF_STR, \
	  "ssh_rsa_3072,ssh_ecdsa_p256,ssh_ed25519,machine_guid,tls", \
	  "what a machine gets; also ssh_rsa_4096, ltpa" }, \
	{ FIRST_BOOT_SECTION, "pool_low", CONF_INT, "4", \
	  "of each kind: more is made when there are fewer" }, \
	{ FIRST_BOOT_SECTION, "pool_high", CONF_INT, "16", \
	  "up to so many" }, \
	{ FIRST_BOOT_SECTION, "pool_workers", CONF_INT, "1", \
	  "threads that make it, at the lowest priority" }, \
	{ FIRST_BOOT_SECTION, "certificate_days", CONF_INT, "825", \
	  "how long certificates are good for" }, \
	{ FIRST_BOOT_SECTION, "authority", CONF_STR, \
	  "openstack-lite first boot", "name of who issues them" }

int first_boot_start(const struct conf *conf, struct sql_conn *conn,
		     struct err *e);
void first_boot_stop(void);

/* nova-lite-metadata rotate_signing_key */
int first_boot_rotate(const struct conf *conf, int argc, char **argv);
/* nova-lite-metadata reseal */
int first_boot_reseal(const struct conf *conf, int argc, char **argv);

/* -- vault.c -------------------------------------------------------------- */

/* Text sealed for a purpose, as base64; the caller's. */
char *vault_seal(const char *purpose, const char *text);
/* The text again, the caller's to clear and free; NULL with INTERNAL. */
char *vault_open(const char *purpose, const char *sealed, struct err *e);

/* The signing keys in use; the newest first. At most n; -1 on errors. */
int vault_signing_keys(const struct rows *rows, struct jws_key *keys,
		       size_t n, struct err *e);
/* Seals everything with the first key of the file; what cannot be opened is an
 * error, and the rest is sealed anew all the same. */
int vault_reseal(struct sql_conn *conn, struct err *e);
/* A new one; only where there is none, with `first`. */
int vault_signing_key_add(struct sql_conn *conn, bool first, struct err *e);

/* -- pool.c --------------------------------------------------------------- */

int pool_start(struct err *e);
void pool_stop(void);
/* Something was taken. */
void pool_wake(void);
/* What was made since the start, of kinds[i]. */
long long pool_made(size_t i);
/* How long the making alone of them took. */
long long pool_making_usec(size_t i);
/* For whom material is sealed: the kind and the row's id. */
char *pool_purpose(const char *kind, const char *id);

#endif
