/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/msgpack.h"

#include <assert.h>
#include <string.h>

/* Type bytes of the MessagePack specification. */
enum {
	MP_FIXARRAY = 0x90,
	MP_FIXSTR = 0xa0,
	MP_FALSE = 0xc2,
	MP_TRUE = 0xc3,
	MP_BIN8 = 0xc4,
	MP_BIN16 = 0xc5,
	MP_FLOAT64 = 0xcb,
	MP_UINT8 = 0xcc,
	MP_UINT64 = 0xcf,
	MP_STR8 = 0xd9,
	MP_STR16 = 0xda,
	MP_ARRAY16 = 0xdc,
};

static int get_be(struct msgpack_in *in, unsigned int size, uint64_t *v_r)
{
	uint64_t v = 0;

	if ((size_t)(in->end - in->p) < size)
		return -1;
	for (unsigned int i = 0; i < size; i++)
		v = v << 8 | *in->p++;
	*v_r = v;
	return 0;
}

int msgpack_get_array(struct msgpack_in *in, uint32_t *count_r)
{
	uint64_t n;

	if (get_be(in, 1, &n) < 0)
		return -1;
	if ((n & 0xf0) == MP_FIXARRAY)
		n &= 0x0f;
	else if (n != MP_ARRAY16 || get_be(in, 2, &n) < 0)
		return -1;
	*count_r = (uint32_t)n;
	return 0;
}

int msgpack_get_bool(struct msgpack_in *in, bool *v_r)
{
	uint64_t type;

	if (get_be(in, 1, &type) < 0 || (type != MP_FALSE && type != MP_TRUE))
		return -1;
	*v_r = type == MP_TRUE;
	return 0;
}

int msgpack_get_uint(struct msgpack_in *in, uint64_t *v_r)
{
	uint64_t v;

	if (get_be(in, 1, &v) < 0)
		return -1;
	if (v >= MP_UINT8 && v <= MP_UINT64) {
		if (get_be(in, 1u << (v - MP_UINT8), &v) < 0)
			return -1;
	} else if (v > 0x7f) {
		return -1;
	}
	*v_r = v;
	return 0;
}

int msgpack_get_double(struct msgpack_in *in, double *v_r)
{
	uint64_t bits;

	if (get_be(in, 1, &bits) < 0 || bits != MP_FLOAT64 ||
	    get_be(in, 8, &bits) < 0)
		return -1;
	memcpy(v_r, &bits, sizeof(bits));
	return 0;
}

int msgpack_get_bytes(struct msgpack_in *in, const uint8_t **data_r,
		      size_t *len_r)
{
	uint64_t type, len;
	int rc = 0;

	if (get_be(in, 1, &type) < 0)
		return -1;
	if ((type & 0xe0) == MP_FIXSTR)
		len = type & 0x1f;
	else if (type == MP_BIN8 || type == MP_STR8)
		rc = get_be(in, 1, &len);
	else if (type == MP_BIN16 || type == MP_STR16)
		rc = get_be(in, 2, &len);
	else
		return -1;
	if (rc < 0 || (size_t)(in->end - in->p) < len)
		return -1;
	*data_r = in->p;
	*len_r = len;
	in->p += len;
	return 0;
}

static void put_be(struct msgpack_out *out, unsigned int size, uint64_t v)
{
	assert((size_t)(out->end - out->p) >= size);
	while (size-- > 0)
		*out->p++ = (uint8_t)(v >> (8 * size));
}

static void put_data(struct msgpack_out *out, const void *data, size_t len)
{
	assert((size_t)(out->end - out->p) >= len);
	memcpy(out->p, data, len);
	out->p += len;
}

void msgpack_put_array(struct msgpack_out *out, uint32_t count)
{
	assert(count <= 15);
	put_be(out, 1, MP_FIXARRAY | count);
}

void msgpack_put_bool(struct msgpack_out *out, bool v)
{
	put_be(out, 1, v ? MP_TRUE : MP_FALSE);
}

void msgpack_put_uint(struct msgpack_out *out, uint64_t v)
{
	unsigned int log2_size = 0;

	if (v <= 0x7f) {
		put_be(out, 1, v);
		return;
	}
	while (log2_size < 3 && v >> (8u << log2_size) != 0)
		log2_size++;
	put_be(out, 1, MP_UINT8 + log2_size);
	put_be(out, 1u << log2_size, v);
}

void msgpack_put_double(struct msgpack_out *out, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put_be(out, 1, MP_FLOAT64);
	put_be(out, 8, bits);
}

void msgpack_put_bin(struct msgpack_out *out, const void *data, size_t len)
{
	assert(len <= 0xff);
	put_be(out, 1, MP_BIN8);
	put_be(out, 1, len);
	put_data(out, data, len);
}

void msgpack_put_str(struct msgpack_out *out, const char *s)
{
	size_t len = strlen(s);

	assert(len <= 0xff);
	if (len <= 31) {
		put_be(out, 1, MP_FIXSTR | len);
	} else {
		put_be(out, 1, MP_STR8);
		put_be(out, 1, len);
	}
	put_data(out, s, len);
}
