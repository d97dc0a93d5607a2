/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_CONF_H
#define LITE_CONF_H

#include "common/base/err.h"

/*
 * Configuration by oslo.config's rules: INI sections, `#` and `;` comments
 * only at the start of a line, `=` or `:`, continuation lines begin with white
 * space, repeated keys: the last one wins. Each option is a row of a table
 * that also prints the sample file and the manual page. An environment
 * variable OS_<SECTION>__<NAME> (upper case, `-` as `_`) overrides the file,
 * as oslo.config's environment driver has it.
 */
enum conf_type { CONF_STR, CONF_INT, CONF_BOOL };

struct conf_opt {
	const char *section, *name;
	enum conf_type type;
	const char *dflt;	/* as it would stand in the file; NULL: unset */
	const char *doc;	/* one line */
};

struct conf;

/*
 * Reads path (NULL: defaults and environment only). opts is borrowed and ends
 * with a row whose name is NULL. An unknown key, a bad value or an unreadable
 * file fails with BAD_REQUEST and a message that names file and line.
 */
struct conf *conf_new(const char *path, const struct conf_opt *opts,
		      struct err *e);
void conf_free(struct conf *c);

/* Asking for an option that is not in the table asserts. */
const char *conf_str(const struct conf *c, const char *section,
		     const char *name);			/* NULL: unset */
long long conf_int(const struct conf *c, const char *section,
		   const char *name);
int conf_bool(const struct conf *c, const char *section, const char *name);

/* Prints a commented sample file (man: as mdoc list items) to stdout. */
void conf_print_sample(const struct conf_opt *opts);
void conf_print_man(const struct conf_opt *opts);

#endif
