/* SPDX-License-Identifier: Apache-2.0 */
/* Images of operating systems: what is uploaded is a bundle. */
#include "gen/glance_sql.h"
#include "glance-lite/api/upload.h"
#include "glance-lite/bundle/bundle.h"
#include "glance-lite/glance.h"

/* The file system into `out`, and what is known of it. */
static int make(struct req *rq, struct upload *up, struct store_put *out,
		bool *script_r)
{
	_cleanup_(cleanup_free) char *from = store_put_path(&up->put);
	_cleanup_(cleanup_free) char *to = store_put_path(out);
	struct bundle b = { .in = from, .out = to, .script = up->script };

	if (bundle_make(&b, &rq->err) < 0 ||
	    store_put_written(out, &rq->err) < 0 ||
	    store_put_sum(out, up->checksum, up->hash, &rq->err) < 0)
		return -1;
	*script_r = b.has_script;
	return 0;
}

/*
 * The image's size and hashes are those of what it has become, as with Glance's
 * own conversions at import. A row of an upload that fails later is of no
 * meaning, and is the next one's.
 */
int look_at_bundle(struct req *rq, struct upload *up,
		   const struct inspect_source *src)
{
	struct store_put out;
	bool script;

	(void)src;
	if (store_put_begin(glance()->store, up->id, up->part, &out,
			    &rq->err) < 0)
		return -1;
	if (make(rq, up, &out, &script) < 0 ||
	    outcome_record(rq, &SQL_system_found, ARGS(up->id, script)) < 0) {
		store_put_abort(&out);
		return -1;
	}
	sql_release(rq);
	store_put_abort(&up->put);
	up->put = out;
	up->virtual_size = up->put.size;
	return 0;
}
