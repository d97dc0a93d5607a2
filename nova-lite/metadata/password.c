/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nova-lite/metadata/wire.h"
#include "gen/metadata_sql.h"

enum { PASSWORD_MAX = 4 * 255 };	/* Nova's: four metadata values */

int password_set(struct req *rq)
{
	const char *body = rq->http->body;
	struct who who;
	struct row row;
	int found;

	if (who_asks(rq, &who) < 0)
		return -1;
	if (strcmp(req_path(rq, "version"), "2012-08-10") == 0)
		return fail(rq, ERR_NOT_FOUND, NULL);
	if (rq->http->body_len > PASSWORD_MAX)
		return fail(rq, ERR_BAD_REQUEST, "Request is too large.");
	found = sql_maybe(rq, &SQL_password_set, &row,
			  ARGS(who.server_id, who.project_id, who.address,
			       who.bridge, body ? body : ""));
	if (found < 0)
		return -1;
	if (!found)
		return fail(rq, ERR_NOT_FOUND, NULL);
	if (!row_bool(&row, 0))
		return fail(rq, ERR_CONFLICT, "There was a conflict when "
			    "trying to complete your request.");
	return reply_bytes(rq, 200, "text/html; charset=UTF-8", "", 0);
}
