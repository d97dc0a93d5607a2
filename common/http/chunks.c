/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/parse.h"

/*
 * The decoder of chunked bodies (RFC 9112, 7.1) takes the framing byte by byte
 * and the data in slices. A framing line is bounded, so that a sender cannot
 * make us read for ever without sending data.
 */
enum {
	CHUNK_LINE_MAX = 256,		/* size and extensions of one chunk */
	CHUNK_TRAILERS_MAX = 8192,
};

enum state {
	S_SIZE_FIRST,	/* before the first digit */
	S_SIZE,
	S_EXT,		/* ignored up to CR */
	S_SIZE_LF,
	S_DATA,
	S_DATA_CR,
	S_DATA_LF,
	S_TRAILER_FIRST,	/* at the start of a line of the trailers */
	S_TRAILER,
	S_TRAILER_LF,
	S_END_LF,
	S_END,
	S_BAD,
};

static int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static enum state size_step(struct http_chunks *ch, unsigned char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		if (ch->left > (uint64_t)INT64_MAX >> 4)
			return S_BAD;
		ch->left = ch->left << 4 | (unsigned)digit;
		return S_SIZE;
	}
	if (ch->state == S_SIZE_FIRST)
		return S_BAD;
	return c == '\r' ? S_SIZE_LF : c == ';' ? S_EXT : S_BAD;
}

static enum state trailer_step(struct http_chunks *ch, unsigned char c)
{
	if (c == '\r')
		return ch->state == S_TRAILER_FIRST ? S_END_LF : S_TRAILER_LF;
	if (ch->state == S_TRAILER_FIRST && (c == ' ' || c == '\t'))
		return S_BAD;
	return is_text(c) ? S_TRAILER : S_BAD;
}

static enum state size_end(struct http_chunks *ch)
{
	ch->line = 0;
	return ch->left ? S_DATA : S_TRAILER_FIRST;
}

static enum state step(struct http_chunks *ch, unsigned char c)
{
	switch ((enum state)ch->state) {
	case S_SIZE_FIRST:
	case S_SIZE:
		return size_step(ch, c);
	case S_EXT:
		return c == '\r' ? S_SIZE_LF : is_text(c) ? S_EXT : S_BAD;
	case S_SIZE_LF:
		return c == '\n' ? size_end(ch) : S_BAD;
	case S_DATA_CR:
		return c == '\r' ? S_DATA_LF : S_BAD;
	case S_DATA_LF:
		return c == '\n' ? S_SIZE_FIRST : S_BAD;
	case S_TRAILER_FIRST:
	case S_TRAILER:
		return trailer_step(ch, c);
	case S_TRAILER_LF:
		return c == '\n' ? S_TRAILER_FIRST : S_BAD;
	case S_END_LF:
		return c == '\n' ? S_END : S_BAD;
	case S_DATA:
	case S_END:
	case S_BAD:
		break;
	}
	return S_BAD;
}

static bool line_too_long(struct http_chunks *ch)
{
	ch->line++;
	return ch->line > (ch->state >= S_TRAILER_FIRST ? CHUNK_TRAILERS_MAX
							: CHUNK_LINE_MAX);
}

enum http_chunks_result http_chunks_next(struct http_chunks *chunks,
					 struct slice buf, size_t *used_r,
					 struct slice *data_r)
{
	size_t at = 0;

	while (at < buf.n && chunks->state != S_DATA) {
		chunks->state = step(chunks, (unsigned char)buf.p[at++]);
		if (line_too_long(chunks))
			chunks->state = S_BAD;
		if (chunks->state >= S_END) {
			*used_r = at;
			return chunks->state == S_END ? HTTP_CHUNKS_END
						      : HTTP_CHUNKS_BAD;
		}
	}
	if (at == buf.n) {
		*used_r = at;
		return HTTP_CHUNKS_MORE;
	}
	*data_r = (struct slice){ buf.p + at, buf.n - at };
	if (data_r->n > chunks->left)
		data_r->n = (size_t)chunks->left;
	chunks->left -= data_r->n;
	chunks->line = 0;
	if (!chunks->left)
		chunks->state = S_DATA_CR;
	*used_r = at + data_r->n;
	return HTTP_CHUNKS_DATA;
}
