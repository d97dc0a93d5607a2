/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/json/in.h"
#include "nova-lite/compute/glance_call.h"

#define PATH_SIZE 64	/* "/ID/candidates" */

/* -- answers ------------------------------------------------------------- */

/* An answer that is not the wanted one; -1. said: its body, or NULL. */
static int refused(const struct glance_ask *ask, int status, struct buf *said,
		   struct err *e)
{
	if (status == 404)
		return err_set(e, ERR_NOT_FOUND, "Image could not be found.");
	if (status == 409 || status == 503)
		err_set(e, err_of_status(status), NULL);
	else
		err_set(e, ERR_INTERNAL, NULL);
	return err_detail(e, "%s /v2/images%s: %d %.200s", ask->method,
			  ask->path, status, said ? buf_str(said) : "");
}

static int expect(const struct glance_ask *ask, int status, int want,
		  struct buf *said, struct err *e)
{
	if (status < 0)
		return -1;
	return status == want ? 0 : refused(ask, status, said, e);
}

static void path_of(char path_r[PATH_SIZE], const char *id, const char *part)
{
	snprintf(path_r, PATH_SIZE, "/%.36s%s", id, part);
}

/* A small exchange whose answer has to be JSON; NULL on any other. */
static json_t *exchange(struct glance *g, const struct glance_ask *ask,
			struct err *e)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	int status = glance_call(g, ask, &out, e);

	if (expect(ask, status, 200, &out, e) < 0)
		return NULL;
	return json_parse(buf_str(&out), out.len, e);
}

/* -- images -------------------------------------------------------------- */

static void copy(char *out, size_t n, json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	snprintf(out, n, "%s", s ? s : "");
}

static void read_image(json_t *obj, struct glance_image *i)
{
	*i = (struct glance_image){ 0 };
	copy(i->status, sizeof(i->status), obj, "status");
	copy(i->disk_format, sizeof(i->disk_format), obj, "disk_format");
	copy(i->base_image, sizeof(i->base_image), obj, "inject_base_image");
	i->size = json_integer_value(json_object_get(obj, "size"));
	copy(i->hash_algo, sizeof(i->hash_algo), obj, "os_hash_algo");
	copy(i->hash, sizeof(i->hash), obj, "os_hash_value");
	if (!i->hash[0]) {
		copy(i->hash, sizeof(i->hash), obj, "checksum");
		strcpy(i->hash_algo, i->hash[0] ? "md5" : "");
	}
}

json_t *glance_image_doc(struct glance *g, const char *id, struct err *e)
{
	char path[PATH_SIZE];
	const struct glance_ask ask = { "GET", path, NULL };

	path_of(path, id, "");
	return exchange(g, &ask, e);
}

int glance_image_show(struct glance *g, const char *id,
		      struct glance_image *image_r, struct err *e)
{
	json_t *obj = glance_image_doc(g, id, e);

	if (!obj)
		return -1;
	read_image(obj, image_r);
	json_decref(obj);
	return 0;
}

int glance_image_create(struct glance *g, const struct buf *image,
			struct err *e)
{
	const struct glance_ask ask = { "POST", "", image };
	_cleanup_(buf_fini) struct buf out = { 0 };
	int status = glance_call(g, &ask, &out, e);

	return status == 409 ? 0 : expect(&ask, status, 201, &out, e);
}

int glance_image_delete(struct glance *g, const char *id, struct err *e)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	char path[PATH_SIZE];
	const struct glance_ask ask = { "DELETE", path, NULL };
	int status;

	path_of(path, id, "");
	status = glance_call(g, &ask, &out, e);
	return status == 404 ? 0 : expect(&ask, status, 204, &out, e);
}

/* -- bytes --------------------------------------------------------------- */

int glance_image_read(struct glance *g, const char *id,
		      const struct glance_sink *sink, struct err *e)
{
	struct http_client *c = NULL;
	char path[PATH_SIZE];
	const struct glance_ask ask = { "GET", path, NULL };
	int status;

	path_of(path, id, "/file");
	status = glance_read(g, path, sink, &c, e);
	http_client_free(c);
	return expect(&ask, status, 200, NULL, e);
}

int glance_delta_read(struct glance *g, const char *id,
		      const struct glance_sink *sink,
		      char digest_r[GLANCE_DIGEST_SIZE], struct err *e)
{
	struct http_client *c = NULL;
	char path[PATH_SIZE];
	const struct glance_ask ask = { "GET", path, NULL };
	const char *digest = NULL;
	int status;

	path_of(path, id, "/delta");
	status = glance_read(g, path, sink, &c, e);
	if (status == 200)
		digest = http_client_header(c, "Content-Digest");
	snprintf(digest_r, GLANCE_DIGEST_SIZE, "%s", digest ? digest : "");
	http_client_free(c);
	return expect(&ask, status, 200, NULL, e);
}

int glance_delta_put(struct glance *g, const char *id,
		     const struct http_file *file, const char *digest,
		     struct err *e)
{
	char path[PATH_SIZE];
	const struct glance_ask ask = { "PUT", path, NULL };

	path_of(path, id, "/delta");
	return expect(&ask, glance_send(g, path, digest, file, e), 204, NULL,
		      e);
}

/* -- files on top of a base ---------------------------------------------- */

json_t *glance_candidate(struct glance *g, const char *base,
			 const struct buf *body, struct err *e)
{
	char path[PATH_SIZE];
	const struct glance_ask ask = { "POST", path, body };

	path_of(path, base, "/candidates");
	return exchange(g, &ask, e);
}

int glance_manifest_put(struct glance *g, const char *id,
			const struct buf *manifest, struct err *e)
{
	char path[PATH_SIZE];
	const struct glance_ask ask = { "PUT", path, manifest };
	json_t *answer;

	path_of(path, id, "/manifest");
	answer = exchange(g, &ask, e);
	json_decref(answer);
	return answer ? 0 : -1;
}
