/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/mem.h"
#include "nova-lite/metadata/tree.h"
#include "nova-lite/metadata/wire.h"
#include "gen/metadata_sql.h"

static int metadata_show_bind(struct req *rq)
{
	struct who who;

	if (who_asks(rq, &who) < 0)
		return -1;
	req_args(rq, who.server_id, who.project_id, who.address, who.bridge,
		 metadata_conf.dhcp_domain);
	return 0;
}

static void own_md_free(void *md)
{
	md_free(md);
}

static int metadata_show_view(struct req *rq, const struct rows *rows)
{
	static const char *const types[] = {
		[MD_TEXT] = "text/plain; charset=UTF-8",
		[MD_JSON] = "application/json",
		[MD_PASSWORD] = "text/html; charset=UTF-8",
	};
	enum md_type type;
	struct row row;
	struct md *md;

	if (rows->n == 0)
		return fail(rq, ERR_NOT_FOUND, NULL);
	row = rows_at(rows, 0);
	md = md_new(row_text(&row, 0), row_len(&row, 0), &rq->err);
	if (!md)
		return -1;
	arena_own(req_arena(rq), md, own_md_free);
	if (!md_get(md, rq->http->path, &rq->http->out, &type))
		return fail(rq, ERR_NOT_FOUND, NULL);
	reply_header(rq, "Content-Type", "%s", types[type]);
	return reply(rq, 200);
}

const struct read_op metadata_show = {
	&SQL_server_metadata, metadata_show_bind, metadata_show_view };
