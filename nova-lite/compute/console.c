/* SPDX-License-Identifier: Apache-2.0 */
/* What os-getConsoleOutput asks this host for. */
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/service/req.h"
#include "nova-lite/compute/wire.h"
#include "nova-lite/compute/instance.h"

enum { CONSOLE_MAX = 100 * 1024 };	/* as Nova's MAX_CONSOLE_BYTES */

static bool secret_is_right(struct req *rq)
{
	const char *given = req_header(rq, "X-Agent-Secret");
	size_t n = strlen(agent.secret);

	return given && strlen(given) == n &&
	       mem_equal_ct(given, agent.secret, n);
}

/* The offset of the last `lines` lines; -1: all of them. */
static size_t tail(const char *text, size_t n, int64_t lines)
{
	size_t at = n;

	if (lines < 0)
		return 0;
	while (at > 0) {
		if (text[at - 1] == '\n' && at < n && --lines <= 0)
			return at;
		if (lines == 0)
			return n;
		at--;
	}
	return 0;
}

int console_show(struct req *rq)
{
	_cleanup_(cleanup_free) char *text = NULL;
	const char *id = req_path(rq, "server_id");
	char path[INSTANCE_PATH_MAX];
	int64_t lines;
	size_t n, at;

	if (!secret_is_right(rq))
		return fail(rq, ERR_FORBIDDEN, NULL);
	if (req_query_int(rq, "length", -1, INT64_MAX, -1, &lines) < 0)
		return -1;
	if (strchr(id, '/') || !instance_dir_owned(&agent, id))
		return fail(rq, ERR_NOT_FOUND, NULL);
	instance_path(&agent, id, "console.log", path);
	if (virt_console(path, CONSOLE_MAX, &text, &n, &rq->err) < 0)
		return -1;
	at = tail(text, n, lines);
	return reply_bytes(rq, 200, "text/plain", text + at, n - at);
}
