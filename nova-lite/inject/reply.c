/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/reply.h"

#include <string.h>

#include "nova-lite/inject/wire.h"

/* -- a report ------------------------------------------------------------- */

static bool is_above(const char *folder, const char *path)
{
	size_t n = strlen(folder);

	return n > 0 && strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* A folder above an addition, or one that was there to be removed. */
static bool may_have_made(const struct inject_request *rq, const char *folder)
{
	size_t i;

	for (i = 0; i < rq->nadds; i++)
		if (is_above(folder, rq->adds[i].path))
			return true;
	for (i = 0; i < rq->nmade; i++)
		if (strcmp(folder, rq->made[i]) == 0)
			return true;
	return false;
}

static bool is_possible(const struct inject_request *rq,
			const struct inject_report *r)
{
	uint64_t bytes = 0;
	size_t replaced = 0, i;

	for (i = 0; i < rq->nadds; i++) {
		bytes += rq->adds[i].size;
		replaced += r->replaced[i];
	}
	for (i = 0; i < r->nmade; i++)
		if (!may_have_made(rq, r->made[i]))
			return false;
	return r->nadded == rq->nadds && r->bytes == bytes &&
		r->nreplaced == replaced && r->nremoved <= rq->nremoves &&
		r->remove >= 0 && r->add >= 0 && r->flush >= 0;
}

/* -- an error ------------------------------------------------------------- */

/* The length of the UTF-8 character at s; 0: none, or a control character. */
static size_t character(const unsigned char *s)
{
	size_t n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 :
		*s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;
	size_t i;

	if (n == 1)
		return *s >= ' ' && *s != 0x7f;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, C1 controls, beyond the last one. */
	if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) ||
	    (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void clean(char *text)
{
	size_t n;

	for (; *text; text += n) {
		n = character((unsigned char *)text);
		if (n == 0) {
			*text = '?';
			n = 1;
		}
	}
}

static int refuse(struct err *e)
{
	clean(e->msg);
	clean(e->detail);
	if (e->kind != ERR_CONFLICT && e->kind != ERR_NOT_IMPLEMENTED)
		return err_internal(e, "appliance: %s %s", e->msg, e->detail);
	return -1;
}

int reply_read(const char *data, size_t n, const struct inject_request *rq,
	       struct inject_report *report_r, struct err *e)
{
	struct wire w = { .p = data, .end = data + n };
	struct inject_report r;

	if (wire_get_reply(&w, rq->nadds, &r, e) < 0)
		return refuse(e);
	if (!is_possible(rq, &r)) {
		inject_report_fini(&r);
		return err_internal(e, "appliance: an impossible reply");
	}
	*report_r = r;
	return 0;
}
