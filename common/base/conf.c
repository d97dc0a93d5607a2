/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/conf.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "common/base/mem.h"

struct conf_value {
	char *str;		/* NULL: unset */
	long long num;		/* CONF_INT, CONF_BOOL */
};

struct conf {
	const struct conf_opt *opts;
	struct conf_value *values;	/* parallel to opts */
};

/* A place in the file, for messages; path NULL: the value comes from where. */
struct place {
	const char *path;
	int line;
};

static int parse_bool(const char *s, long long *v_r)
{
	static const char *const words[] = {
		"false", "true", "0", "1", "no", "yes", "off", "on",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(s, words[i]) == 0) {
			*v_r = i & 1;
			return 0;
		}
	}
	return -1;
}

static int parse_int(const char *s, long long *v_r)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || end == s || *end)
		return -1;
	*v_r = v;
	return 0;
}

/* The value itself stays out of the message: it may be a password. */
static int set_value(struct conf *c, const struct conf_opt *o, const char *s,
		     const struct place *at, struct err *e)
{
	struct conf_value *v = &c->values[o - c->opts];
	int rc = 0;

	if (o->type == CONF_INT)
		rc = parse_int(s, &v->num);
	else if (o->type == CONF_BOOL)
		rc = parse_bool(s, &v->num);
	if (rc < 0)
		return err_set(e, ERR_BAD_REQUEST,
			       "%s:%d: [%s] %s: not %s", at->path, at->line,
			       o->section, o->name, o->type == CONF_INT ?
			       "an integer" : "a boolean");
	free(v->str);
	v->str = xstrdup(s);
	return 0;
}

static int set_defaults(struct conf *c, struct err *e)
{
	static const struct place at = { "default", 0 };

	for (const struct conf_opt *o = c->opts; o->name; o++)
		if (o->dflt && set_value(c, o, o->dflt, &at, e) < 0)
			return -1;
	return 0;
}

/* -- environment --------------------------------------------------------- */

static void env_name(const struct conf_opt *o, char *out, size_t n)
{
	snprintf(out, n, "OS_%s__%s", o->section, o->name);
	for (; *out; out++)
		*out = *out == '-' ? '_' : (char)toupper((unsigned char)*out);
}

static int set_environment(struct conf *c, struct err *e)
{
	char name[256];
	const char *v;

	for (const struct conf_opt *o = c->opts; o->name; o++) {
		struct place at = { name, 0 };

		env_name(o, name, sizeof(name));
		v = getenv(name);
		if (v && set_value(c, o, v, &at, e) < 0)
			return -1;
	}
	return 0;
}

/* -- file ---------------------------------------------------------------- */

struct reader {
	struct conf *conf;
	struct place at;
	char section[128];
	/* The assignment being read; it may go on in the next line. */
	char *key;
	int key_line;
	struct buf value;
	struct err *e;
};

static int syntax(struct reader *r, const char *what)
{
	return err_set(r->e, ERR_BAD_REQUEST, "%s:%d: %s", r->at.path,
		       r->at.line, what);
}

static char *trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	for (n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

/*
 * One file serves several daemons, so a section that this one's table does not
 * have is somebody else's; an unknown key of a known section is a mistake.
 */
static int assign(struct reader *r)
{
	const struct conf_opt *o;
	struct place at = { r->at.path, r->key_line };
	bool known = false;

	for (o = r->conf->opts; o->name; o++) {
		if (strcmp(o->section, r->section) != 0)
			continue;
		known = true;
		if (strcmp(o->name, r->key) == 0)
			return set_value(r->conf, o, buf_str(&r->value), &at,
					 r->e);
	}
	if (!known)
		return 0;
	return err_set(r->e, ERR_BAD_REQUEST, "%s:%d: unknown option %s in "
		       "[%s]", at.path, at.line, r->key, r->section);
}

static int flush_key(struct reader *r)
{
	int rc = r->key ? assign(r) : 0;

	free(r->key);
	r->key = NULL;
	return rc;
}

static int read_section(struct reader *r, char *line)
{
	char *end = strchr(line, ']');

	if (!end || end[1])
		return syntax(r, "a section ends with ]");
	*end = '\0';
	if (end == line + 1 || strlen(line + 1) >= sizeof(r->section))
		return syntax(r, "bad section name");
	strcpy(r->section, line + 1);
	return 0;
}

static int read_assignment(struct reader *r, char *line)
{
	char *sep = line + strcspn(line, "=:"), *v;
	size_t n;

	if (!*sep)
		return syntax(r, "neither section, comment nor assignment");
	*sep = '\0';
	line = trim(line);
	if (!*line)
		return syntax(r, "a key is missing");
	if (!*r->section)
		return syntax(r, "no section yet");
	v = trim(sep + 1);
	n = strlen(v);
	if (n > 1 && v[0] == v[n - 1] && (*v == '"' || *v == '\'')) {
		v[n - 1] = '\0';
		v++;
	}
	r->key = xstrdup(line);
	r->key_line = r->at.line;
	buf_reset(&r->value);
	buf_adds(&r->value, v);
	return 0;
}

static int read_line(struct reader *r, char *line)
{
	bool indented = *line == ' ' || *line == '\t';
	char *text = trim(line);

	if (*text && indented) {
		if (!r->key)
			return syntax(r, "nothing to continue");
		buf_addc(&r->value, '\n');
		buf_adds(&r->value, text);
		return 0;
	}
	if (flush_key(r) < 0)
		return -1;
	if (!*text || *text == '#' || *text == ';')
		return 0;
	return *text == '[' ? read_section(r, text) : read_assignment(r, text);
}

static void cleanup_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static int read_lines(struct reader *r, FILE *f)
{
	_cleanup_(cleanup_free) char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, f)) >= 0) {
		r->at.line++;
		if (strlen(line) != (size_t)n)
			return syntax(r, "a NUL byte");
		if (read_line(r, line) < 0)
			return -1;
	}
	if (ferror(f))
		return syntax(r, "cannot read on");
	return flush_key(r);
}

static int read_file(struct conf *c, const char *path, struct err *e)
{
	_cleanup_(cleanup_file) FILE *f = fopen(path, "re");
	struct reader r = { .conf = c, .at = { path, 0 }, .e = e };
	int rc;

	if (!f)
		return err_set(e, ERR_BAD_REQUEST, "%s: %s", path,
			       strerror(errno));
	rc = read_lines(&r, f);
	free(r.key);
	buf_fini(&r.value);
	return rc;
}

struct conf *conf_new(const char *path, const struct conf_opt *opts,
		      struct err *e)
{
	struct conf *c = xcalloc(1, sizeof(*c));
	size_t n = 0;

	while (opts[n].name)
		n++;
	c->opts = opts;
	c->values = xcalloc(n, sizeof(*c->values));
	if (set_defaults(c, e) < 0 || (path && read_file(c, path, e) < 0) ||
	    set_environment(c, e) < 0) {
		conf_free(c);
		return NULL;
	}
	return c;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->opts[i].name; i++)
		free(c->values[i].str);
	free(c->values);
	free(c);
}

/* -- asking -------------------------------------------------------------- */

static const struct conf_value *find(const struct conf *c, const char *section,
				     const char *name)
{
	for (const struct conf_opt *o = c->opts; o->name; o++)
		if (strcmp(o->name, name) == 0 &&
		    strcmp(o->section, section) == 0)
			return &c->values[o - c->opts];
	assert(!"an option that is not in the table");
	abort();
}

const char *conf_str(const struct conf *c, const char *section,
		     const char *name)
{
	return find(c, section, name)->str;
}

long long conf_int(const struct conf *c, const char *section, const char *name)
{
	return find(c, section, name)->num;
}

int conf_bool(const struct conf *c, const char *section, const char *name)
{
	return (int)find(c, section, name)->num;
}

/* -- printing ------------------------------------------------------------ */

/* A table joined of several may name a section in more than one place. */
static bool first_of_section(const struct conf_opt *opts,
			     const struct conf_opt *o)
{
	for (const struct conf_opt *p = opts; p < o; p++)
		if (strcmp(p->section, o->section) == 0)
			return false;
	return true;
}

static void each(const struct conf_opt *opts, void (*section)(const char *),
		 void (*option)(const struct conf_opt *))
{
	for (const struct conf_opt *o = opts; o->name; o++) {
		if (!first_of_section(opts, o))
			continue;
		section(o->section);
		for (const struct conf_opt *p = o; p->name; p++)
			if (strcmp(p->section, o->section) == 0)
				option(p);
	}
}

static const char *const type_names[] = { "string", "integer", "boolean" };

static void sample_section(const char *name)
{
	printf("[%s]\n\n", name);
}

static void sample_option(const struct conf_opt *o)
{
	printf("# %s (%s)\n#%s =%s%s\n\n", o->doc, type_names[o->type],
	       o->name, o->dflt ? " " : "", o->dflt ? o->dflt : "");
}

void conf_print_sample(const struct conf_opt *opts)
{
	each(opts, sample_section, sample_option);
}

static void man_section(const char *name)
{
	printf(".It Bq Sy %s\n", name);
}

static void man_option(const struct conf_opt *o)
{
	printf(".It Cm %s Pq %s", o->name, type_names[o->type]);
	if (o->dflt)
		printf("\nDefault:\n.Ql %s .", o->dflt);
	printf("\n%s\n", o->doc);
}

void conf_print_man(const struct conf_opt *opts)
{
	each(opts, man_section, man_option);
}
