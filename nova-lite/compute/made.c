/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/made.h"

#include <string.h>
#include <time.h>

#include "common/crypto/digest.h"
#include "nova-lite/compute/complete.h"
#include "nova-lite/compute/rates.h"

enum { WAIT_MS = 250 };		/* between looks at another host's work */

/* -- claims -------------------------------------------------------------- */

struct claim {
	const char *image_id;
	bool mine;			/* this host's */
	bool made;			/* and it was made */
	bool stored;			/* in the Image service */
};

static int claim(struct job *j, const char *digest, const char *image_id,
		 struct claim *c_r, struct err *e)
{
	const struct row *row = &job_server(j)->row;
	const char *host = job_agent(j)->host;
	struct rows rows = { 0 };
	struct row r;

	if (sql_exec(j->conn, &SQL_completion_claim,
		     ARGS(row_text(row, server__project_id),
			  row_text(row, server__image_id), digest, host,
			  image_id), &rows, e) < 0)
		return -1;
	r = rows_at(&rows, 0);
	*c_r = (struct claim){
		.image_id = arena_strdup(&j->arena,
					 row_text(&r, claim__image_id)),
		.stored = row_bool(&r, claim__stored),
	};
	if (!c_r->stored) {
		c_r->mine = strcmp(row_text(&r, claim__host), host) == 0;
		c_r->made = row_bool(&r, claim__made);
	}
	rows_fini(&rows);
	return 0;
}

/* What cannot be made is nobody's. */
static void disclaim(struct job *j, const char *image_id)
{
	struct err ignored;

	sql_exec(j->conn, &SQL_completion_drop, ARGS(image_id), NULL, &ignored);
}

/* -- here ---------------------------------------------------------------- */

/* What one job makes while others of this host may wait for it. */
struct making {
	struct job *j;
	const struct wanted *want;
	struct made *made;
};

/* Made means: it was complete, and others were told. */
static int make_missing(void *arg, struct err *e)
{
	struct making *m = arg;
	const char *id = m->made->image_id;
	struct claim c;

	if (claim(m->j, m->made->from.digest, id, &c, e) < 0)
		return -1;
	if (c.stored || (c.made && image_cached(&job_agent(m->j)->images, id)))
		return 0;
	if (complete(m->j, m->want, &m->made->from, id, e) < 0) {
		disclaim(m->j, id);
		return -1;
	}
	m->made->built = true;
	return 0;
}

static int make_here(struct job *j, const struct wanted *w,
		     struct made *made, struct err *e)
{
	struct making m = { j, w, made };

	return flight_do(job_agent(j)->images.flight, made->image_id,
			 make_missing, &m, e);
}

/* -- anywhere ------------------------------------------------------------ */

/* Another host is at it: until it has stored the image, or given up. */
static int wait_for_other(struct job *j, struct err *e)
{
	struct timespec t = { 0, WAIT_MS * 1000000L };

	if (job_stopping(j) || job_cancelled(j))
		return err_set(e, ERR_UNAVAILABLE, NULL);
	nanosleep(&t, NULL);
	return 0;
}

/* 1: it is in the cache or on its way to it, 0: look again. */
static int get_once(struct job *j, const struct wanted *w, const char *fresh,
		    struct made *made, struct err *e)
{
	struct image image;
	struct claim c;

	if (claim(j, made->from.digest, fresh, &c, e) < 0)
		return -1;
	made->image_id = c.image_id;
	if (!c.stored && !c.mine)
		return wait_for_other(j, e);
	if (!c.stored && make_here(j, w, made, e) < 0)
		return -1;
	if (image_get(&job_agent(j)->images, made->image_id, &image, e) < 0)
		return -1;
	rate_note(j, "transfer", image.fetched, image.took);
	return 1;
}

int made_get(struct job *j, const struct wanted *w, struct made *made,
	     struct err *e)
{
	char fresh[UUID_SIZE];
	int r = 0;

	uuid_v4(fresh);
	while (r == 0)
		r = get_once(j, w, fresh, made, e);
	return r < 0 ? -1 : 0;
}
