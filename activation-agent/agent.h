/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ACTIVATION_AGENT_H
#define ACTIVATION_AGENT_H

/*
 * activation-agent runs in a guest, once. It takes what the metadata service
 * has ready for the machine's first boot (api-ref/first-boot.md), believes it
 * when it is for this machine and signed by a key that the config drive names,
 * and installs all of it or nothing.
 *
 * drive.c finds out who this machine is, fetch.c asks, verify.c judges, plan.c
 * says what goes where, install.c puts it there.
 */
#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define INSTANCE_SIZE 64	/* of a server's id, as text */
#define PINS_MAX 8

/* Why not, for the console; -1. */
int refuse(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* As refuse, with ": " and strerror(errno) appended; -1. */
int refuse_errno(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Public keys that are known to be the service's. */
struct pins {
	struct pin {
		char kid[64];
		unsigned char x[32];
	} keys[PINS_MAX];
	size_t n;
};

/* -- drive.c -------------------------------------------------------------- */

/* What the config drive says. */
struct drive {
	char instance[INSTANCE_SIZE];
	struct pins pins;
};

/*
 * Reads the config drive: of dir, or of the block device with its label, which
 * is waited for up to the deadline (clock_ms) and mounted for the time being.
 */
int drive_read(const char *dir, long long deadline, struct drive *d_r,
	       struct err *e);

/* -- fetch.c -------------------------------------------------------------- */

struct service {
	const char *url;	/* http://ADDRESS[:PORT] */
	long long deadline;	/* clock_ms: no attempt goes on after that */
};

struct answer {
	int status;
	struct buf body;
};

long long clock_ms(void);	/* CLOCK_MONOTONIC */

/*
 * Asks until there is an answer other than 5xx; body NULL is a GET, anything
 * else a POST. The answer's body is the caller's to free; -1: none came by the
 * deadline.
 */
int fetch(const struct service *s, const char *path, const char *body,
	  struct answer *a_r, struct err *e);

/* A whole HTTP/1.x answer, as it was read up to the peer's end. A pure
 * function; body_r points into data. -1 when it is none, or cut short. */
int answer_parse(const char *data, size_t n, int *status_r,
		 const char **body_r, size_t *len_r, struct err *e);

/* -- verify.c ------------------------------------------------------------- */

/* A JWK set (RFC 7517); keys of other types than Ed25519 are passed over. */
int pins_read(const char *text, size_t n, struct pins *p_r, struct err *e);

/*
 * Opens a JSON Web Signature (RFC 7515, general serialization): its payload
 * when a pinned key signed just these bytes; the caller's to clear and free.
 */
int jws_open(const struct pins *p, const char *text, size_t n,
	     struct buf *payload_r, struct err *e);

#endif
