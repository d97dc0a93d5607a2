/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_LOG_H
#define LITE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/timefmt.h"

/*
 * One line per event to stderr: a journald priority prefix, then logfmt
 * (key=value, values quoted where they need it). Thread-safe: one write(2)
 * per line. Only services log; common/ returns errors instead.
 */
enum log_level { LOG_ERR_ = 3, LOG_WARN_ = 4, LOG_INFO_ = 6, LOG_DEBUG_ = 7 };

/* name is borrowed for the life of the process ("nova-lite"). */
void log_init(const char *name, enum log_level max);

void log_msg(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define log_err(...) log_msg(LOG_ERR_, __VA_ARGS__)
#define log_warn(...) log_msg(LOG_WARN_, __VA_ARGS__)

/*
 * A structured line: pairs of key and value (both strings), ended by NULL.
 * A NULL value leaves its pair out.
 */
void log_kv(enum log_level level, const char *msg, ...)
	__attribute__((sentinel));

/*
 * The same in pieces, for the line that every request writes: begin, pairs,
 * end. Where begin says false the level is not shown and nothing may follow.
 */
struct log_line {
	struct buf *out, own;
	enum log_level level;
};
bool log_begin(struct log_line *l, enum log_level level, const char *msg);
void log_str(struct log_line *l, const char *key, const char *v);
void log_num(struct log_line *l, const char *key, uint64_t v);
void log_ms(struct log_line *l, const char *key, usec_t us);	/* 1.234 */
void log_end(struct log_line *l);

/*
 * Event loops: from log_gather(true) on, this thread's lines wait for
 * log_flush, so that many are one write; warnings and errors still go out at
 * once, with all before them. log_gather(false) flushes and frees.
 */
void log_gather(bool on);
bool log_waits(void);	/* for a flush */
void log_flush(void);

#endif
