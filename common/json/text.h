/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_JSON_TEXT_H
#define LITE_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* What the services ask of strings. All take well-formed UTF-8. */
int64_t text_chars(const char *s);	/* characters, not bytes */
bool text_is_uuid(const char *s);	/* with all four dashes or with none */
/* Printable and neither beginning nor ending with white space (Nova's "name"
 * format); the empty string is not one. */
bool text_is_name(const char *s);
bool text_is_decimal(const char *s);	/* ^[0-9]+(\.[0-9]+)?$ */

#endif
