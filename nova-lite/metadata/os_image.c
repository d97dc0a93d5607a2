/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that share an OS image say that they have come up. */
#include <string.h>

#include "nova-lite/metadata/wire.h"
#include "gen/metadata_sql.h"

enum { TOKEN_MAX = 64 };

/* The body's first word. */
static const char *token_of(struct req *rq)
{
	const char *body = rq->http->body;
	size_t n = body ? strcspn(body, " \r\n") : 0;

	return n > 0 && n <= TOKEN_MAX ?
	       arena_strndup(req_arena(rq), body, n) : NULL;
}

int os_image_ready(struct req *rq)
{
	const char *token = token_of(rq);
	struct who who;
	struct row row;
	int found;

	if (who_asks(rq, &who) < 0)
		return -1;
	if (!token)
		return fail(rq, ERR_BAD_REQUEST, "The body is not the token "
			    "of the config drive.");
	found = sql_maybe(rq, &SQL_os_image_ready, &row,
			  ARGS(who.server_id, who.project_id, who.address,
			       who.bridge, token));
	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_NOT_FOUND, NULL);
	if (!row_bool(&row, 0))
		return fail(rq, ERR_CONFLICT, "This start is not, or no "
			    "longer, waited for.");
	return reply_bytes(rq, 204, "text/plain; charset=UTF-8", "", 0);
}
