/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_CHECK_H
#define NOVA_CHECK_H

#include <stdbool.h>
#include <sys/types.h>

/* What Nova asks of strings in a server's body; pure functions. */

/*
 * Base64 as Python's decodebytes() takes it: foreign characters are passed
 * over, and only a last group that is not whole is wrong.
 */
bool check_base64(const char *s);
/*
 * The same, and writes the bytes to out, which has room for 3/4 of its length
 * and may be NULL. Returns how many they are, or -1.
 */
ssize_t loose_base64(void *out, const char *s);

/* Four decimal numbers of 0..255 without leading zeros. */
bool check_ipv4(const char *s);

/* ^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$ of at most 63 characters. */
bool check_hostname_form(const char *s);

/*
 * A host name made of a server's name: lower case, blanks, dots and
 * underscores as dashes, other characters dropped, dashes trimmed, at most 63.
 * False where nothing is left. out has room for HOSTNAME_SIZE.
 */
#define HOSTNAME_SIZE 64
bool hostname_of(const char *name, char *out);

/* Tags: 1 to 60 characters without comma and slash. */
bool check_tag_form(const char *s);

#endif
