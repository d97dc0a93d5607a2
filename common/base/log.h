/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_LOG_H
#define LITE_LOG_H

#include <stdbool.h>

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
#define log_info(...) log_msg(LOG_INFO_, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_DEBUG_, __VA_ARGS__)

/*
 * Event loops: from log_gather(true) on, this thread's lines wait for
 * log_flush, so that a turn's lines are one write; warnings and errors still
 * go out at once, with all before them. log_gather(false) flushes and frees.
 */
void log_gather(bool on);
void log_flush(void);

/*
 * A structured line: pairs of key and value (both strings), ended by NULL.
 * A NULL value leaves its pair out.
 */
void log_kv(enum log_level level, const char *msg, ...)
	__attribute__((sentinel));

#endif
