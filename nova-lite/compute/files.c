/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a client gave with a server, into its disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/crypto/base64.h"
#include "nova-lite/compute/server.h"
#include "nova-lite/inject/inject.h"

/* -- what was asked ------------------------------------------------------ */

static int64_t number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

/* The same time each time the step is run. */
static int read_file(struct job *j, const json_t *in, struct inject_file *f,
		     struct err *e)
{
	const char *path = json_string_value(json_object_get(in, "path"));
	const char *text = json_string_value(json_object_get(in, "contents"));
	const char *mode = json_string_value(json_object_get(in, "mode"));
	size_t len = text ? strlen(text) : 0;
	ssize_t size;
	void *data;

	if (!path || !mode)
		return err_internal(e, "a file without path or mode");
	if (!text)
		return err_set(e, ERR_BAD_REQUEST, "Nothing has the contents "
			       "of %.900s", path);
	data = arena_alloc(&j->arena, BASE64_DATA_SIZE(len));
	size = base64_decode(BASE64_STD, data, text, len);
	if (size < 0)
		return err_set(e, ERR_BAD_REQUEST, "%.900s is not base64",
			       path);
	*f = (struct inject_file){
		.path = path,
		.path_len = strlen(path),
		.data = data,
		.size = size,
		.mode = strtoul(mode, NULL, 8),
		.uid = number(in, "uid"),
		.gid = number(in, "gid"),
		.mtime = row_int(&job_server(j)->row, server__created),
	};
	return 0;
}

static int read_files(struct job *j, struct inject_request *rq,
		      struct err *e)
{
	/* Quotas are the API's business, and were kept when it was asked. */
	static const struct inject_limits limits = {
		.field = "files", .files = -1, .content_bytes = -1,
		.path_bytes = -1
	};
	const json_t *list = json_object_get(j->args, "files");
	size_t n = json_array_size(list), i;
	struct inject_file *adds;

	adds = arena_zalloc(&j->arena, (n + 1) * sizeof(*adds));
	for (i = 0; i < n; i++)
		if (read_file(j, json_array_get(list, i), &adds[i], e) < 0)
			return -1;
	*rq = (struct inject_request){ .adds = adds, .nadds = n };
	return inject_check(rq, &limits, e);
}

/* -- the disk ------------------------------------------------------------ */

/*
 * A layer of its own takes the files and then the disk's place: whatever a
 * run that died has left of either, the outcome is the same.
 */
static int inject(struct job *j, const struct inject_request *rq,
		  const char *path, struct err *e)
{
	struct inject_options options = { .program = job_agent(j)->inject };
	struct inject_report report;
	struct image base;
	struct inject_layer layers[] = {
		{ path, "qcow2" }, { base.path, base.format }
	};
	struct inject_disk disk = { layers, ARRAY_LEN(layers) };

	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "%s", path);
	if (server_layer_make(j, path, &base, e) < 0 ||
	    inject_apply(&disk, rq, &options, &report, e) < 0)
		return -1;
	inject_report_fini(&report);
	return 0;
}

/* A conflict names the file; what is wrong with the disk concerns them all. */
static int explain(const struct inject_request *rq, const struct err *why,
		   struct err *e)
{
	_cleanup_(buf_fini) struct buf paths = { 0 };
	size_t i;

	if (why->kind != ERR_CONFLICT)
		for (i = 0; i < rq->nadds; i++)
			buf_printf(&paths, "%s%s", i ? ", " : " of ",
				   rq->adds[i].path);
	err_set(e, why->kind, "File injection%.500s failed: %.450s",
		buf_str(&paths), why->msg);
	return err_detail(e, "%s", why->detail);
}

int server_inject(struct job *j, struct err *e)
{
	char disk[INSTANCE_PATH_MAX], path[INSTANCE_PATH_MAX];
	struct inject_request rq = { 0 };
	struct err why = { 0 };

	if (read_files(j, &rq, e) < 0)
		return -1;
	if (rq.nadds == 0)
		return 0;
	instance_path(job_agent(j), j->subject, "disk", disk);
	instance_path(job_agent(j), j->subject, "disk.files", path);
	if (inject(j, &rq, path, &why) < 0)
		return explain(&rq, &why, e);
	return rename(path, disk) < 0 ? err_errno(e, "%s", disk) : 0;
}
