/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_KEYSTONE_PASSWORDS_H
#define LITE_KEYSTONE_PASSWORDS_H

#include "keystone-shim/api/login.h"

/*
 * Users' passwords, by the rules of Keystone's [security_compliance]: locking
 * after failed attempts, no return to the last passwords. All of it hashes or
 * verifies, so it runs on the hash pool.
 */

/* The hash of a new password, in the arena; NULL for none. */
const char *new_password_hash(struct req *rq, const char *password);
/* How many of a user's passwords are recorded. */
int new_password_history(void);

/*
 * Whether the user that a log-in names has this password and may use it; its
 * row (SQL_login_show) or UNAUTHORIZED. Takes as long for nobody as for
 * somebody.
 */
int password_prove(struct req *rq, const struct named *user,
		   const char *password, struct row *login_r);

#endif
