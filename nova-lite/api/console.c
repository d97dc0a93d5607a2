/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "common/http/client.h"
#include "nova-lite/nova.h"

#define AGENT_TIMEOUT_MS 10000

/* The number of lines asked for; -1: all of them. */
static int read_length(struct req *rq, long *length_r)
{
	struct console_in { json_t *length; } in = { 0 };
	static const struct jfield fields[] = {
		JF_JSON(struct console_in, length, 0), JF_END
	};
	const char *s;
	char *end;

	if (req_body(rq, "os-getConsoleOutput", fields, &in) < 0)
		return -1;
	*length_r = -1;
	if (!in.length || json_is_null(in.length))
		return 0;
	if (json_is_integer(in.length)) {
		*length_r = (long)json_integer_value(in.length);
	} else {
		s = json_string_value(in.length);
		if (!s)
			return bad_value(rq, "length", in.length, "is not of "
					 "type 'integer', 'string', 'null'");
		*length_r = strtol(s, &end, 10);
		if (!*s || *end)
			return bad_value(rq, "length", in.length,
					 "does not match '^-?[0-9]+$'");
	}
	if (*length_r < -1)
		return bad_value(rq, "length", in.length,
				 "is less than the minimum of -1");
	return 0;
}

/* The bytes of a well-formed UTF-8 sequence at s (RFC 3629); 0: none. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		   s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0, i;

	if (n > left || (s[0] == 0xe0 && s[1] < 0xa0) ||
	    (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* As Nova does, drops control characters but tabs and ends of lines; and what
 * JSON cannot carry. */
static void console_text(struct buf *log)
{
	unsigned char *s = (unsigned char *)log->data;
	size_t i, k, n = 0;

	for (i = 0; i < log->len; i += k ? k : 1) {
		k = utf8_sequence(s + i, log->len - i);
		if (k == 0 || (s[i] < ' ' && s[i] != '\t' && s[i] != '\n'))
			continue;
		memmove(s + n, s + i, k);
		n += k;
	}
	log->len = n;
}

/* Asks the agent of the server's host, outside of any transaction. */
static int ask_agent(struct req *rq, const struct row *row, long length,
		     struct buf *log)
{
	const char *headers[] = { req_printf(rq, "X-Agent-Secret: %s",
				  row_text(row, console__agent_secret)), NULL };
	const char *url = req_printf(rq, "%s/console/%s?length=%ld",
				     row_text(row, console__agent_url),
				     req_path(rq, "server_id"), length);
	struct http_client *client = http_client_new(AGENT_TIMEOUT_MS);
	const struct http_call call = { .url = url, .headers = headers };
	int status = http_client_do(client, &call, log, &rq->err);

	http_client_free(client);
	if (status < 0)
		return -1;
	if (status == 404)
		buf_reset(log);		/* nothing was printed yet */
	else if (status != 200)
		return fail(rq, ERR_UNAVAILABLE, NULL);
	return 0;
}

int console_output(struct req *rq)
{
	_cleanup_(buf_fini) struct buf log = { 0 };
	const char *id = path_server(rq);
	struct row row;
	long length;
	int n;

	if (!id || read_length(rq, &length) < 0)
		return -1;
	n = sql_maybe(rq, &SQL_console_output, &row, ARGS(id, scope_of(rq)));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	if (row_null(&row, console__agent_url))
		return fail(rq, ERR_CONFLICT, "Instance %s is not ready", id);
	if (ask_agent(rq, &row, length, &log) < 0)
		return -1;
	console_text(&log);
	j_obj(&rq->w, NULL);
	j_strn(&rq->w, "output", log.data ? log.data : "", log.len);
	j_end(&rq->w);
	return reply(rq, 200);
}

/* -- consoles to look at: none here --------------------------------------- */

/* What a body may ask for: Python's list of the words in the message. */
static int check_word(struct req *rq, const char *field, const char *word,
		      const char *words)
{
	if (!strchr(word, '\'') &&
	    strstr(words, req_printf(rq, "'%s'", word)))
		return 0;
	return bad_string(rq, field, word,
			  req_printf(rq, "is not one of [%s]", words));
}

/* Nova's words for a kind of console that its hosts do not offer. */
static int unavailable(struct req *rq, const char *type)
{
	const char *id = path_server(rq);
	struct row row;
	int n;

	if (!id)
		return -1;
	n = sql_maybe(rq, &SQL_console_output, &row, ARGS(id, scope_of(rq)));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	return fail(rq, ERR_BAD_REQUEST, "Unavailable console type %s.", type);
}

struct console_in {
	const char *protocol, *type;
};

static int console_show(struct req *rq, const char *action, const char *types)
{
	static const struct jfield fields[] = {
		JF_STR(struct console_in, type, J_REQ, 0, 255), JF_END
	};
	struct console_in in = { 0 };

	if (req_body(rq, action, fields, &in) < 0 ||
	    check_word(rq, "type", in.type, types) < 0)
		return -1;
	return unavailable(rq, in.type);
}

int console_vnc(struct req *rq)
{
	return console_show(rq, "os-getVNCConsole", "'novnc', 'xvpvnc'");
}

int console_spice(struct req *rq)
{
	return console_show(rq, "os-getSPICEConsole", "'spice-html5'");
}

int console_rdp(struct req *rq)
{
	return console_show(rq, "os-getRDPConsole", "'rdp-html5'");
}

int console_serial(struct req *rq)
{
	return console_show(rq, "os-getSerialConsole", "'serial'");
}

int console_create(struct req *rq)
{
	static const struct jfield fields[] = {
		JF_STR(struct console_in, protocol, J_REQ, 0, 255),
		JF_STR(struct console_in, type, J_REQ, 0, 255),
		JF_END
	};
	bool mks = req_mv(rq, 8);
	struct console_in in = { 0 };

	if (req_body(rq, "remote_console", fields, &in) < 0 ||
	    check_word(rq, "protocol", in.protocol, mks ?
		       "'vnc', 'spice', 'rdp', 'serial', 'mks'" :
		       "'vnc', 'spice', 'rdp', 'serial'") < 0 ||
	    check_word(rq, "type", in.type, mks ?
		       "'novnc', 'xvpvnc', 'spice-html5', 'rdp-html5', "
		       "'serial', 'webmks'" :
		       "'novnc', 'xvpvnc', 'spice-html5', 'rdp-html5', "
		       "'serial'") < 0)
		return -1;
	return unavailable(rq, in.type);
}
