/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *nova, *msg;
	int status;
} kinds[] = {
	{ "NONE", "", "", 200 },
#define ERR(kind, code, nova, msg) { #kind, nova, msg, code },
#include "common/tbl/errors.tbl"
#undef ERR
};

int err_vset(struct err *e, enum err_kind kind, const char *fmt, va_list ap)
{
	char msg[sizeof(e->msg)];

	/* The arguments may be parts of *e itself. */
	if (fmt)
		vsnprintf(msg, sizeof(msg), fmt, ap);
	else
		snprintf(msg, sizeof(msg), "%s", err_message(kind));
	e->kind = kind;
	memcpy(e->msg, msg, sizeof(msg));
	e->detail[0] = '\0';
	return -1;
}

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, kind, fmt, ap);
	va_end(ap);
	return -1;
}

int err_internal(struct err *e, const char *fmt, ...)
{
	char detail[sizeof(e->detail)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	err_set(e, ERR_INTERNAL, NULL);
	memcpy(e->detail, detail, sizeof(detail));
	return -1;
}

int err_errno(struct err *e, const char *fmt, ...)
{
	char what[sizeof(e->detail)];
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_internal(e, "%s: %s", what, strerror(saved));
}

int err_detail(struct err *e, const char *fmt, ...)
{
	size_t n = strlen(e->detail);
	va_list ap;

	if (n)
		n += (size_t)snprintf(e->detail + n, sizeof(e->detail) - n,
				      "; ");
	if (n >= sizeof(e->detail))
		return -1;
	va_start(ap, fmt);
	vsnprintf(e->detail + n, sizeof(e->detail) - n, fmt, ap);
	va_end(ap);
	return -1;
}

int err_status(enum err_kind kind)
{
	assert(kind < ERR_KINDS);
	return kinds[kind].status;
}

const char *err_nova_name(enum err_kind kind)
{
	assert(kind < ERR_KINDS);
	return kinds[kind].nova;
}

const char *err_message(enum err_kind kind)
{
	assert(kind < ERR_KINDS);
	return kinds[kind].msg;
}

const char *err_name(enum err_kind kind)
{
	assert(kind < ERR_KINDS);
	return kinds[kind].name;
}

enum err_kind err_of_status(int status)
{
	for (int k = ERR_NONE + 1; k < ERR_KINDS; k++)
		if (kinds[k].status == status)
			return (enum err_kind)k;
	return ERR_INTERNAL;
}
