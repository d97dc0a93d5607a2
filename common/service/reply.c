/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "common/service/service.h"

int reply(struct req *rq, int status)
{
	assert(rq->w.depth == 0);
	rq->http->status = status;
	return 0;
}

void reply_header(struct req *rq, const char *name, const char *fmt, ...)
{
	struct buf *head = &rq->http->head;
	size_t start;
	va_list ap;
	char *p;

	if (strcasecmp(name, "Content-Type") == 0)
		rq->typed = true;
	buf_adds(head, name);
	buf_adds(head, ": ");
	start = head->len;
	va_start(ap, fmt);
	if (strcmp(fmt, "%s") == 0)	/* nearly all of them */
		buf_adds(head, va_arg(ap, const char *));
	else
		buf_vprintf(head, fmt, ap);
	va_end(ap);
	/* A value that came from a client must not become two headers. */
	for (p = head->data + start; p < head->data + head->len; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	buf_adds(head, "\r\n");
}

int reply_bytes(struct req *rq, int status, const char *type,
		const void *data, size_t n)
{
	reply_header(rq, "Content-Type", "%s", type);
	buf_reset(&rq->http->out);
	buf_add(&rq->http->out, data, n);
	rq->http->status = status;
	return 0;
}

int reply_file(struct req *rq, int status, int fd, int64_t off, int64_t len)
{
	rq->http->status = status;
	rq->http->file_fd = fd;
	rq->http->file_off = off;
	rq->http->file_len = len;
	return 0;
}
