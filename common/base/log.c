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

static int plain(const char *v)
{
	if (!*v)
		return 0;
	for (; *v; v++)
		if ((unsigned char)*v <= ' ' || *v == '"' || *v == '=' ||
		    *v == '\\' || *v == 0x7f)
			return 0;
	return 1;
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

static void add_pair(struct buf *b, const char *key, const char *v)
{
	buf_addc(b, ' ');
	buf_adds(b, key);
	buf_addc(b, '=');
	if (plain(v))
		buf_adds(b, v);
	else
		add_quoted(b, v);
}

static void line_start(struct buf *b, enum log_level level, const char *msg)
{
	char when[TIME_MAX];

	time_format(usec_now(), TIME_USEC_Z, when);
	buf_printf(b, "<%d>time=%s", (int)level, when);
	add_pair(b, "name", log_name);
	add_pair(b, "msg", msg);
}

static void put(struct buf *b)
{
	/* Nothing sensible can be done where stderr is gone. */
	if (b->len && write(STDERR_FILENO, b->data, b->len) < 0)
		return;
	buf_reset(b);
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

static void line_end(struct buf *b, enum log_level level)
{
	buf_addc(b, '\n');
	if (!gathering) {
		put(b);
		return;
	}
	buf_add(&gathered, b->data, b->len);
	if (level <= LOG_WARN_ || gathered.len > GATHER_MAX)
		log_flush();
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	_cleanup_(buf_fini) struct buf line = { 0 };
	_cleanup_(buf_fini) struct buf msg = { 0 };
	va_list ap;

	if (level > log_max)
		return;
	va_start(ap, fmt);
	buf_vprintf(&msg, fmt, ap);
	va_end(ap);
	line_start(&line, level, buf_str(&msg));
	line_end(&line, level);
}

void log_kv(enum log_level level, const char *msg, ...)
{
	_cleanup_(buf_fini) struct buf line = { 0 };
	const char *key, *v;
	va_list ap;

	if (level > log_max)
		return;
	line_start(&line, level, msg);
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *))) {
		v = va_arg(ap, const char *);
		if (v)
			add_pair(&line, key, v);
	}
	va_end(ap);
	line_end(&line, level);
}
