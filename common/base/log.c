/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/timefmt.h"

static const char *log_name = "-";
static enum log_level log_max = LOG_INFO_;

/* A gathering thread holds its lines here, at most this many bytes of them. */
#define GATHER_MAX (32 * 1024)
static _Thread_local struct buf gathered;
static _Thread_local bool gathering;

void log_init(const char *name, enum log_level max)
{
	log_name = name;
	log_max = max;
}

/* Length of v up to the first byte for which it must be quoted, or its NUL. */
static size_t plain_len(const char *v)
{
	static const bool odd[256] = {
		[0 ... ' '] = true, ['"'] = true, ['='] = true,
		['\\'] = true, [0x7f] = true,
	};
	size_t n = 0;

	while (!odd[(unsigned char)v[n]])
		n++;
	return n;
}

/* One event stays one line, whatever a client put into its name. */
static void add_quoted(struct buf *b, const char *v)
{
	buf_addc(b, '"');
	for (; *v; v++) {
		unsigned char c = (unsigned char)*v;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_adds(b, "\\n");
		else if (c < ' ' || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_addc(b, *v);
	}
	buf_addc(b, '"');
}

static void add_key(struct buf *b, const char *key)
{
	buf_addc(b, ' ');
	buf_adds(b, key);
	buf_addc(b, '=');
}

static void add_pair(struct buf *b, const char *key, const char *v)
{
	size_t n = plain_len(v);

	add_key(b, key);
	if (n && !v[n])
		buf_add(b, v, n);
	else
		add_quoted(b, v);
}

/* Nothing sensible can be done where stderr is gone. */
static void put(struct buf *b)
{
	ssize_t n = b->len ? write(STDERR_FILENO, b->data, b->len) : 0;

	(void)n;
	buf_reset(b);
}

bool log_waits(void)
{
	return gathered.len;
}

void log_flush(void)
{
	put(&gathered);
}

void log_gather(bool on)
{
	gathering = on;
	if (on)
		return;
	log_flush();
	buf_fini(&gathered);
}

/* -- a line ---------------------------------------------------------------- */

bool log_begin(struct log_line *l, enum log_level level, const char *msg)
{
	char when[TIME_MAX];
	struct buf *b;

	if (level > log_max)
		return false;
	*l = (struct log_line){ .level = level };
	b = l->out = gathering ? &gathered : &l->own;
	buf_addc(b, '<');
	buf_addu(b, level);
	buf_adds(b, ">time=");
	buf_add(b, when, (size_t)time_format(usec_now(), TIME_USEC_Z, when));
	add_pair(b, "name", log_name);
	add_pair(b, "msg", msg);
	return true;
}

void log_str(struct log_line *l, const char *key, const char *v)
{
	if (v)
		add_pair(l->out, key, v);
}

void log_num(struct log_line *l, const char *key, uint64_t v)
{
	add_key(l->out, key);
	buf_addu(l->out, v);
}

void log_ms(struct log_line *l, const char *key, usec_t us)
{
	char rest[] = { '.', (char)('0' + us / 100 % 10),
			(char)('0' + us / 10 % 10), (char)('0' + us % 10) };

	log_num(l, key, (uint64_t)us / 1000);
	buf_add(l->out, rest, sizeof(rest));
}

void log_end(struct log_line *l)
{
	buf_addc(l->out, '\n');
	if (l->out == &l->own) {
		put(&l->own);
		buf_fini(&l->own);
	} else if (l->level <= LOG_WARN_ || gathered.len > GATHER_MAX) {
		log_flush();
	}
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	_cleanup_(buf_fini) struct buf msg = { 0 };
	struct log_line l;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&msg, fmt, ap);
	va_end(ap);
	if (log_begin(&l, level, buf_str(&msg)))
		log_end(&l);
}

void log_kv(enum log_level level, const char *msg, ...)
{
	struct log_line l;
	const char *key;
	va_list ap;

	if (!log_begin(&l, level, msg))
		return;
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *)))
		log_str(&l, key, va_arg(ap, const char *));
	va_end(ap);
	log_end(&l);
}
