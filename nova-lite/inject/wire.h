/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_WIRE_H
#define NOVA_INJECT_WIRE_H

#include "common/base/buf.h"
#include "nova-lite/inject/inject.h"

/*
 * How a call of inject_apply travels to the program or the appliance that does
 * it and back: numbers of eight bytes, strings with their length and their NUL,
 * first a number for this format. Both ends are of one build; what comes back
 * is from somebody who had a hostile disk in his hands, so it is read as if
 * anybody had written it.
 */
struct wire {
	const char *p, *end;
	bool bad;			/* something was not as it must be */
};

void wire_put_call(struct buf *b, const struct inject_disk *disk,
		   const struct inject_request *rq,
		   const struct inject_options *o);
/* Of an answer: rc and what inject_apply filled, for so many additions. */
void wire_put_reply(struct buf *b, int rc, const struct inject_report *r,
		    size_t nadds, const struct err *e);

/* A call as it was put; strings point into the wire. */
struct wire_call {
	struct inject_layer layers[INJECT_LAYERS_MAX];
	struct inject_disk disk;
	struct inject_request rq;
	struct inject_options options;
};

/* -1 when it is bad, or of another build; to be freed in either case. */
int wire_get_call(struct wire *w, struct wire_call *call_r);
/* The contents of its additions, which follow it. */
int wire_get_contents(struct wire *w, struct wire_call *call);
void wire_free_call(struct wire_call *call);
/* As inject_apply; a bad reply is an INTERNAL. */
int wire_get_reply(struct wire *w, size_t nadds,
		   struct inject_report *report_r, struct err *e);

#endif
