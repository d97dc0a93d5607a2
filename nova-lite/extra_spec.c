/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/extra_spec.h"

#include <limits.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/http/slice.h"

#define NO_MIN LLONG_MIN
#define CPUS "\\^?\\d+((-\\d+)?(,\\^?\\d+(-\\d+)?)?)*"

enum spec_type { ENUM, BOOL, INT, PATTERN, ANY };

static const struct spec {
	const char *key;
	enum spec_type type;
	const char *text;	/* ENUM: the words; PATTERN */
	long long min;		/* INT */
} specs[] = {
#define SPEC(key, type, text, min) { key, type, text, min },
#include "nova-lite/extra_spec.tbl"
#undef SPEC
};

/* -- keys ----------------------------------------------------------------- */

static bool is_key(const struct spec *s, const char *key)
{
	size_t n = strlen(s->key);
	const char *number = key + n;

	if (s->key[n - 1] != '.')
		return strcmp(s->key, key) == 0;
	return strncmp(s->key, key, n) == 0 && *number &&
		number[strspn(number, "0123456789")] == '\0';
}

static bool same_namespace(const char *a, const char *b)
{
	size_t n = strcspn(a, ":") + 1;

	return a[n - 1] == ':' && strncmp(a, b, n) == 0;
}

/* -- values --------------------------------------------------------------- */

static int check_enum(const struct spec *s, const char *value, struct err *e)
{
	struct slice list = { s->text, strlen(s->text) };

	while (list.n)
		if (slice_is(slice_trim(slice_cut(&list, ',')), value))
			return 0;
	return err_set(e, ERR_BAD_REQUEST,
		       "Validation failed; '%s' is not one of: %s.", value,
		       s->text);
}

static int check_bool(const char *value, struct err *e)
{
	static const char *const words[] = {
		"1", "t", "true", "on", "y", "yes",
		"0", "f", "false", "off", "n", "no",
	};
	struct slice word = slice_trim((struct slice){ value, strlen(value) });
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is_nocase(word, words[i]))
			return 0;
	return err_set(e, ERR_BAD_REQUEST, "Validation failed; '%s' is not a "
		       "valid boolean-like value.", value);
}

static int check_int(const struct spec *s, const char *value, struct err *e)
{
	char *end;
	long long n = strtoll(value, &end, 10);

	if (end == value || end[strspn(end, " \t")])
		return err_set(e, ERR_BAD_REQUEST, "Validation failed; '%s' "
			       "is not a valid integer value.", value);
	if (n < s->min)
		return err_set(e, ERR_BAD_REQUEST, "Validation failed; '%lld' "
			       "is less than the min value of '%lld'.", n,
			       s->min);
	return 0;
}

/* A pattern of Python's as a POSIX one for the whole of a value. */
static void pattern_posix(struct buf *out, const char *p)
{
	buf_adds(out, "^(");
	while (*p) {
		if (strncmp(p, "\\d", 2) == 0)
			buf_adds(out, "[0-9]");
		else if (strncmp(p, "\\s", 2) == 0)
			buf_adds(out, "[[:space:]]");
		else if (strncmp(p, "?:", 2) != 0) {
			buf_addc(out, *p++);
			continue;
		}
		p += 2;
	}
	buf_adds(out, ")$");
}

static int check_pattern(const struct spec *s, const char *value,
			 struct err *e)
{
	_cleanup_(buf_fini) struct buf posix = { 0 };
	regex_t re;
	int miss;

	pattern_posix(&posix, s->text);
	if (regcomp(&re, buf_str(&posix), REG_EXTENDED | REG_NOSUB) != 0)
		return err_internal(e, "pattern of %s", s->key);
	miss = regexec(&re, value, 0, NULL, 0);
	regfree(&re);
	return !miss ? 0 : err_set(e, ERR_BAD_REQUEST, "Validation failed; "
				   "'%s' is not of the format '%s'.", value,
				   s->text);
}

static int check_value(const struct spec *s, const char *value, struct err *e)
{
	switch (s->type) {
	case ENUM:
		return check_enum(s, value, e);
	case BOOL:
		return check_bool(value, e);
	case INT:
		return check_int(s, value, e);
	case PATTERN:
		return check_pattern(s, value, e);
	case ANY:
		break;
	}
	return 0;
}

int extra_spec_check(const char *key, const char *value, struct err *e)
{
	const struct spec *s;
	bool ours = false;

	for (s = specs; s < specs + ARRAY_LEN(specs); s++) {
		if (is_key(s, key))
			return check_value(s, value, e);
		ours |= same_namespace(s->key, key);
	}
	if (!ours)
		return 0;
	return err_set(e, ERR_BAD_REQUEST, "Validation failed; extra spec '%s' "
		       "does not appear to be a valid extra spec.", key);
}
