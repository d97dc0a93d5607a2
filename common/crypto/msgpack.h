/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_MSGPACK_H
#define LITE_MSGPACK_H

/*
 * The part of MessagePack that Fernet token payloads use: small arrays, bool,
 * unsigned integers, float64, and byte strings (bin, or the raw str of
 * msgpack before 1.0).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes still to be read; the bytes are borrowed. */
struct msgpack_in {
	const uint8_t *p, *end;
};

/*
 * Each reads one value and moves past it: 0, or -1 when the next value has
 * another type or is cut short (the position is then unspecified).
 */
int msgpack_get_array(struct msgpack_in *in, uint32_t *count_r);
int msgpack_get_bool(struct msgpack_in *in, bool *v_r);
int msgpack_get_uint(struct msgpack_in *in, uint64_t *v_r);
int msgpack_get_double(struct msgpack_in *in, double *v_r);
/* Either form; *data_r points into the input. */
int msgpack_get_bytes(struct msgpack_in *in, const uint8_t **data_r,
		      size_t *len_r);

/* Room to write into; overrunning it asserts. */
struct msgpack_out {
	uint8_t *p, *end;
};

void msgpack_put_array(struct msgpack_out *out, uint32_t count);
void msgpack_put_bool(struct msgpack_out *out, bool v);
void msgpack_put_uint(struct msgpack_out *out, uint64_t v);
void msgpack_put_double(struct msgpack_out *out, double v);
void msgpack_put_bin(struct msgpack_out *out, const void *data, size_t len);
void msgpack_put_str(struct msgpack_out *out, const char *s);

#endif
