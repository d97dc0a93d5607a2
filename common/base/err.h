/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_ERR_H
#define LITE_ERR_H

#include <stdarg.h>

enum err_kind {
	ERR_NONE,
#define ERR(kind, status, nova, msg) ERR_##kind,
#include "common/tbl/errors.tbl"
#undef ERR
	ERR_KINDS
};

/*
 * What went wrong. Functions that can fail return -1 (or NULL) with one of
 * these filled and leave it alone on success. msg is for the client, detail
 * for the log only (it may name hosts, paths and SQL; never a secret).
 */
struct err {
	enum err_kind kind;
	char msg[1024];
	char detail[512];
};

/* Fills e and returns -1. fmt NULL: the kind's own message of errors.tbl. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_vset(struct err *e, enum err_kind kind, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
/* An ERR_INTERNAL whose text goes to the log and not to the client; -1. */
int err_internal(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* As err_internal with ": " and strerror(errno) appended; -1. */
int err_errno(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Adds to the detail; returns -1. */
int err_detail(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

int err_status(enum err_kind kind);		/* HTTP status */
const char *err_nova_name(enum err_kind kind);
const char *err_message(enum err_kind kind);	/* the default message */
const char *err_name(enum err_kind kind);	/* "NOT_FOUND", for logs */
/* The kind for an HTTP status, ERR_INTERNAL where there is no row. */
enum err_kind err_of_status(int status);

#endif
