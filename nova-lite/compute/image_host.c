/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/image_host.h"

#include <pthread.h>

#include "common/base/log.h"
#include "nova-lite/compute/container.h"

/* Between the row and the file: whoever finds that an image is not collected
 * also finds the file, or that it is gone. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int image_host_use(struct agent *a, struct sql_conn *conn, const char *id,
		   struct err *e)
{
	int r;

	pthread_mutex_lock(&lock);
	r = sql_exec(conn, &SQL_image_host_used,
		     ARGS(id, (const char *)a->host), NULL, e);
	pthread_mutex_unlock(&lock);
	return r;
}

int image_host_is(struct agent *a, struct sql_conn *conn, const char *id,
		  const char *why, struct err *e)
{
	return sql_exec(conn, &SQL_image_host_state,
			ARGS(id, (const char *)a->host,
			     why ? "failed" : "ready", why), NULL, e);
}

static int collect(struct agent *a, struct sql_conn *conn, struct err *e)
{
	struct rows rows = { 0 };

	if (sql_exec(conn, &SQL_image_host_collect,
		     ARGS((const char *)a->host, a->grace_seconds), &rows,
		     e) < 0)
		return -1;
	for (int i = 0; i < rows.n; i++) {
		struct row row = rows_at(&rows, i);

		container_unmount(a, row_text(&row, 0));
		image_forget(&a->images, row_text(&row, 0));
		log_kv(LOG_INFO_, "collected", "image", row_text(&row, 0),
		       NULL);
	}
	rows_fini(&rows);
	return 0;
}

int image_host_collect(struct agent *a, struct sql_conn *conn, struct err *e)
{
	int r;

	pthread_mutex_lock(&lock);
	r = collect(a, conn, e);
	pthread_mutex_unlock(&lock);
	return r;
}

/* -- ahead of use --------------------------------------------------------- */

static const char *asked(const struct job *j)
{
	return json_string_value(json_object_get(j->args, "image"));
}

static int fetch(struct job *j, struct err *e)
{
	struct agent *a = job_agent(j);
	struct image image;

	if (image_host_use(a, j->conn, asked(j), e) < 0)
		return -1;
	return image_get(&a->images, asked(j), &image, e);
}

static int is_there(struct job *j, struct err *e)
{
	return image_host_is(job_agent(j), j->conn, asked(j), NULL, e);
}

static int is_not_there(struct job *j, struct err *e)
{
	return image_host_is(job_agent(j), j->conn, asked(j), j->error, e);
}

const struct job_kind image_cache_fill = {
	.name = "image_cache",
	.steps = (const struct job_step[]){
		{ "fetch", fetch, NULL },
		{ NULL, NULL, NULL }
	},
	.done = is_there,
	.failed = is_not_there,
};
