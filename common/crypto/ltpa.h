/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_LTPA_H
#define LITE_LTPA_H

/*
 * The key set of Lightweight Third Party Authentication, as WebSphere's
 * products export and import it: a 3DES key and an RSA pair of 1024 bits, both
 * under a password. The format fixes these ciphers; nothing else uses them.
 */
#include "common/base/buf.h"

/* Made ahead: the keys alone, in lines NAME=BASE64, in clear. */
void ltpa_keys_new(struct buf *out);

/*
 * The file of such keys, protected by the password, for a host; made_at is
 * its date in words. -1 when the keys are not what ltpa_keys_new makes.
 */
int ltpa_file(const char *keys, const char *password, const char *host,
	      const char *made_at, struct buf *out);

#endif
