/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/timefmt.h"
#include "common/crypto/digest.h"
#include "common/http/client.h"
#include "common/json/in.h"
#include "common/json/out.h"
#include "nova-lite/compute/glance_call.h"

enum {
	CALL_MS = 30 * 1000,
	READ_MS = 2 * 3600 * 1000,
	TOKEN_SPARE = 120,	/* seconds left at which a token is renewed */
};

struct glance {
	const struct glance_conf *conf;
	pthread_mutex_t lock;
	char token[1024];
	usec_t token_expires;
};

struct glance *glance_new(const struct glance_conf *conf)
{
	struct glance *g = xcalloc(1, sizeof(*g));

	g->conf = conf;
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

void glance_free(struct glance *g)
{
	if (!g)
		return;
	mem_clear(g->token, sizeof(g->token));
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* -- the token ----------------------------------------------------------- */

static int read_password(const char *path, char *out, size_t n, struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;
	ssize_t got;

	if (!path)
		return err_internal(e, "[compute] password_file is not set");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, out, n - 1);
	if (got < 0)
		return err_errno(e, "%s", path);
	out[got] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

static void put_named(struct jw *w, const char *key, const char *name,
		      const char *domain)
{
	j_obj(w, key);
	j_str(w, "name", name);
	j_obj(w, "domain");
	j_str(w, "name", domain);
	j_end(w);
}

static void put_login(struct buf *out, const struct glance_conf *c,
		      const char *password)
{
	struct jw w;

	jw_init(&w, out);
	j_obj(&w, NULL);
	j_obj(&w, "auth");
	j_obj(&w, "identity");
	j_arr(&w, "methods");
	j_str(&w, NULL, "password");
	j_end(&w);
	j_obj(&w, "password");
	put_named(&w, "user", c->username, c->user_domain);
	j_str(&w, "password", password);
	j_end(&w);
	j_end(&w);
	j_end(&w);
	j_obj(&w, "scope");
	put_named(&w, "project", c->project, c->project_domain);
	j_end(&w);
	j_end(&w);
	j_end(&w);
	j_end(&w);
}

static usec_t expiry_of(const struct buf *body)
{
	json_t *root = json_loadb(body->data, body->len, 0, NULL);
	json_t *token = json_object_get(root, "token");
	const char *text = json_string_value(json_object_get(token,
							     "expires_at"));
	usec_t t = 0;

	if (text && time_parse(text, &t) < 0)
		t = 0;
	json_decref(root);
	return t;
}

static int log_in(struct glance *g, const char *password, struct err *e)
{
	static const char *const headers[] = {
		"Content-Type: application/json", NULL };
	struct http_client *c = http_client_new(CALL_MS);
	_cleanup_(cleanup_free) char *url =
		xasprintf("%s/auth/tokens", g->conf->auth_url);
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct buf body = { 0 };
	const struct http_call call = { .method = "POST", .url = url,
					.headers = headers, .body = &body };
	const char *token;
	int status, r = -1;

	put_login(&body, g->conf, password);
	status = http_client_do(c, &call, &out, e);
	mem_clear(body.data, body.len);
	buf_fini(&body);
	token = status == 201 ? http_client_header(c, "X-Subject-Token") :
				NULL;
	if (token && strlen(token) < sizeof(g->token)) {
		strcpy(g->token, token);
		g->token_expires = expiry_of(&out);
		r = 0;
	} else if (status >= 0) {
		err_internal(e, "log in as %s at %s: %d", g->conf->username,
			     url, status);
	}
	http_client_free(c);
	return r;
}

/* "X-Auth-Token: ..." with a token that is good for a while. */
static int auth_header(struct glance *g, char *out, size_t n, struct err *e)
{
	usec_t need = usec_now() + TOKEN_SPARE * USEC_PER_SEC;
	char password[256];
	int r = 0;

	pthread_mutex_lock(&g->lock);
	if (g->token_expires < need) {
		r = read_password(g->conf->password_file, password,
				  sizeof(password), e);
		if (r == 0)
			r = log_in(g, password, e);
		mem_clear(password, sizeof(password));
	}
	if (r == 0)
		snprintf(out, n, "X-Auth-Token: %s", g->token);
	pthread_mutex_unlock(&g->lock);
	return r;
}

/* A token that was refused (the keys or the user changed) is thrown away. */
static void forget_token(struct glance *g)
{
	pthread_mutex_lock(&g->lock);
	g->token_expires = 0;
	pthread_mutex_unlock(&g->lock);
}

/* -- calls --------------------------------------------------------------- */

/* What a call is tried with: the token, and what is known of the body. */
struct attempt {
	char auth[1100];
	const char *headers[4];
};

static int attempt_init(struct glance *g, struct attempt *a, const char *type,
			const char *digest, struct err *e)
{
	*a = (struct attempt){ .headers = { a->auth, type, digest } };
	return auth_header(g, a->auth, sizeof(a->auth), e);
}

static char *url_of(const struct glance *g, const char *path)
{
	return xasprintf("%s/v2/images%s", g->conf->endpoint, path);
}

int glance_call(struct glance *g, const struct glance_ask *ask,
		struct buf *out, struct err *e)
{
	const char *type = ask->body ? "Content-Type: application/json" : NULL;
	_cleanup_(cleanup_free) char *url = url_of(g, ask->path);
	struct http_client *c = http_client_new(CALL_MS);
	struct attempt a;
	const struct http_call call = {
		.method = ask->method, .url = url, .headers = a.headers,
		.body = ask->body };
	int status = 401;

	for (int i = 0; i < 2 && status == 401; i++) {
		if (i > 0)
			forget_token(g);
		status = attempt_init(g, &a, type, NULL, e);
		if (status == 0)
			status = http_client_do(c, &call, out, e);
	}
	mem_clear(&a, sizeof(a));
	http_client_free(c);
	return status;
}

int glance_read(struct glance *g, const char *path,
		const struct glance_sink *sink, struct http_client **client_r,
		struct err *e)
{
	_cleanup_(cleanup_free) char *url = url_of(g, path);
	struct http_client *c;
	struct attempt a;
	const struct http_call call = { .url = url, .headers = a.headers };
	int status;

	if (attempt_init(g, &a, NULL, NULL, e) < 0)
		return -1;
	c = http_client_new(READ_MS);
	status = http_client_get(c, &call, sink->fn, sink->arg, e);
	mem_clear(&a, sizeof(a));
	*client_r = c;
	return status;
}

int glance_send(struct glance *g, const char *path, const char *digest,
		const struct http_file *file, struct err *e)
{
	_cleanup_(cleanup_free) char *url = url_of(g, path);
	_cleanup_(cleanup_free) char *check =
		xasprintf("Content-Digest: %s", digest);
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct http_client *c;
	struct attempt a;
	const struct http_call call = {
		.method = "PUT", .url = url, .headers = a.headers,
		.file = file };
	int status;

	if (attempt_init(g, &a, "Content-Type: application/octet-stream",
			 check, e) < 0)
		return -1;
	c = http_client_new(READ_MS);
	status = http_client_do(c, &call, &out, e);
	mem_clear(&a, sizeof(a));
	http_client_free(c);
	return status;
}
