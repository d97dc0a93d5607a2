/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine gets at its first boot: offered, given out once, signed. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/crypto/digest.h"
#include "common/crypto/ltpa.h"
#include "common/crypto/ssh_host.h"
#include "nova-lite/metadata/first_boot.h"
#include "nova-lite/metadata/authority.h"
#include "nova-lite/metadata/doc.h"
#include "nova-lite/metadata/signing_keys.h"
#include "nova-lite/metadata/vendor.h"
#include "nova-lite/metadata/wish.h"
#include "nova-lite/metadata/wire.h"
#include "gen/metadata_sql.h"

#define VENDOR_SINCE "2013-10-17"	/* the first version with vendor data */

enum { KEYS_MAX = 8, PASSWORD_LENGTH = 24 };

static atomic_llong given, refused;

static int not_offered(struct req *rq)
{
	return fail(rq, ERR_NOT_FOUND, NULL);
}

static const char *text_of(const json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

/* -- material ------------------------------------------------------------- */

static json_t *open_sealed(const char *kind, const struct row *row,
			   struct err *e)
{
	char *purpose = pool_purpose(kind, row_text(row, 1));
	char *text = vault_open(purpose, row_text(row, 2), e);
	json_t *v;

	free(purpose);
	if (!text)
		return NULL;
	v = json_loads(text, 0, NULL);
	mem_clear(text, strlen(text));
	free(text);
	if (!v)
		err_internal(e, "%s: not a document", kind);
	return v;
}

/* Of those taken from the pool or, when it had none that can be opened, made
 * now. */
static json_t *take(const struct material *m, const struct rows *taken)
{
	struct err e = { 0 };
	json_t *v;

	for (int i = 0; i < taken->n; i++) {
		struct row row = rows_at(taken, i);

		if (strcmp(row_text(&row, 0), m->name) != 0)
			continue;
		v = open_sealed(m->name, &row, &e);
		if (v)
			return v;
		log_warn("first boot pool: %s", e.detail);
	}
	return material_make(m);
}

/* The names that the certificate is for: all that the catalog has. */
static size_t dns_names(const struct wish *w, const struct known *k,
			const char *names_r[WISH_NAMES_MAX + 2])
{
	size_t n = 0;

	names_r[n++] = k->hostname;
	if (strcmp(k->shortname, k->hostname) != 0)
		names_r[n++] = k->shortname;
	for (size_t i = 0; i < json_array_size(w->names); i++)
		names_r[n++] = json_string_value(json_array_get(w->names, i));
	return n;
}

static int certify(struct req *rq, const struct wish *w,
		   const struct known *k, json_t *v)
{
	const char *dns[WISH_NAMES_MAX + 2], *addresses[WISH_NAMES_MAX];
	struct x509_names names = { .common_name = k->hostname, .dns = dns,
				    .addresses = addresses };
	const struct authority *a = authority_get(rq);
	char *cert;

	if (!a)
		return -1;
	names.n_dns = dns_names(w, k, dns);
	for (; names.n_addresses < json_array_size(k->addresses) &&
	     names.n_addresses < WISH_NAMES_MAX; names.n_addresses++)
		addresses[names.n_addresses] = json_string_value(
			json_array_get(k->addresses, names.n_addresses));
	cert = x509_issue(a->issuer, text_of(v, "key"), &names,
			  first_boot_conf.days, &rq->err);
	if (!cert)
		return -1;
	json_object_set_new(v, "certificate", json_string(cert));
	json_object_set_new(v, "authority", json_string(a->certificate));
	free(cert);
	return 0;
}

static int finish_ltpa(struct req *rq, const struct wish *w,
		       const struct known *k, json_t *v)
{
	_cleanup_(buf_fini) struct buf file = { 0 };
	char hex[PASSWORD_LENGTH + 1], now[TIME_MAX];
	uint8_t bytes[PASSWORD_LENGTH / 2];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(hex, bytes, sizeof(bytes));
	time_format(usec_now(), TIME_Z, now);
	if (ltpa_file(text_of(v, "keys"), hex,
		      w->ltpa_host ? w->ltpa_host : k->hostname, now,
		      &file) < 0)
		return err_internal(&rq->err, "ltpa: not a set of keys");
	json_object_del(v, "keys");
	json_object_set_new(v, "file", json_string(buf_str(&file)));
	json_object_set_new(v, "password", json_string(hex));
	return 0;
}

static int complete(struct req *rq, const struct wish *w,
		    const struct known *k, const char *kind, json_t *v)
{
	if (strcmp(kind, "tls") == 0)
		return certify(rq, w, k, v);
	if (strcmp(kind, "ltpa") == 0)
		return finish_ltpa(rq, w, k, v);
	return 0;
}

static void free_all(void *all)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)all, key, v)
		material_free(json_incref(v));
	json_decref(all);
}

/* All kinds, completed: {kind: {...}}, the request's. */
static json_t *gather(struct req *rq, const struct wish *w,
		      const struct known *k)
{
	json_t *all = json_object(), *v;
	const struct rows *taken;

	arena_own(req_arena(rq), all, free_all);
	if (sql_rows(rq, &SQL_key_pool_take, &taken,
		     ARGS(first_boot_conf.names)) < 0)
		return NULL;
	for (size_t i = 0; i < first_boot_conf.n; i++) {
		const struct material *m = first_boot_conf.kinds[i];

		v = take(m, taken);
		json_object_set_new(all, m->name, v);
		if (complete(rq, w, k, m->name, v) < 0)
			return NULL;
	}
	return all;
}

/* -- giving out ----------------------------------------------------------- */

static void read_known(struct req *rq, const struct row *row,
		       struct known *k_r)
{
	json_t *doc = json_loadb(row_text(row, 0), row_len(row, 0), 0, NULL);

	arena_own(req_arena(rq), doc, (void (*)(void *))json_decref);
	*k_r = (struct known){
		.id = text_of(doc, "id"), .shortname = text_of(doc, "short"),
		.hostname = text_of(doc, "hostname"),
		.location = text_of(doc, "location"),
		.domain = metadata_conf.dhcp_domain,
		.addresses = json_object_get(doc, "addresses"),
	};
}

/* What was given to whom: public parts only. */
static void audit(const struct req *rq, const struct known *k,
		  const json_t *all)
{
	_cleanup_(buf_fini) struct buf prints = { 0 };
	char print[SSH_SHA256_SIZE];
	const char *kind, *line;
	json_t *v;

	json_object_foreach((json_t *)all, kind, v) {
		line = text_of(v, "public");
		if (!line)
			continue;
		ssh_sha256(line, print);
		buf_printf(&prints, "%s%s=%s", prints.len ? " " : "", kind,
			   print);
	}
	log_kv(LOG_INFO_, "first boot", "server", k->id, "req", rq->id,
	       "fingerprints", buf_str(&prints), NULL);
}

static char *payload_of(const struct wish *w, const struct known *k,
			json_t *all)
{
	char now[TIME_MAX];
	json_t *doc;
	char *text;

	time_format(usec_now(), TIME_Z, now);
	doc = json_pack("{ss ss sO ss* ss sO}", "instance", k->id, "hostname",
			k->hostname, "addresses", k->addresses, "location",
			w->location ? w->location : k->location, "given_at",
			now, "material", all);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	if (!text)
		abort();
	return text;
}

static int read_keys(struct req *rq, struct jws_key keys[KEYS_MAX])
{
	const struct rows *rows;
	int n;

	if (sql_rows(rq, &SQL_signing_key_list, &rows, NULL, 0) < 0)
		return -1;
	n = vault_signing_keys(rows, keys, KEYS_MAX, &rq->err);
	return n == 0 ? err_internal(&rq->err, "no signing key") : n;
}

static int reply_signed(struct req *rq, char *text,
			const struct jws_key *keys, int n)
{
	jws_sign(keys, n, text, strlen(text), &rq->http->out);
	mem_clear(text, strlen(text));
	free(text);
	reply_header(rq, "Content-Type", "application/jose+json");
	reply_header(rq, "Cache-Control", "no-store");
	return reply(rq, 200);
}

/*
 * Claim and taking in one transaction: it is given when that stands. The keys
 * are those of before, because the claim lets go of old ones.
 */
struct gift {
	struct jws_key keys[KEYS_MAX];
	int n_keys;
	struct known to;
	json_t *material;		/* the request's */
};

static int give(struct req *rq, const struct who *who, const struct wish *w,
		struct gift *g_r)
{
	struct row row;
	int n;

	if (tx_begin(rq) < 0)
		return -1;
	g_r->n_keys = read_keys(rq, g_r->keys);
	if (g_r->n_keys < 0)
		return -1;
	n = sql_maybe(rq, &SQL_first_boot_claim, &row,
		      ARGS(who->server_id, who->project_id, who->address,
			   who->bridge, metadata_conf.dhcp_domain));
	if (n <= 0)
		return n < 0 ? -1 : fail(rq, ERR_NOT_FOUND, NULL);
	read_known(rq, &row, &g_r->to);
	if (wish_check(w, &g_r->to, &rq->err) < 0)
		return -1;
	g_r->material = gather(rq, w, &g_r->to);
	if (!g_r->material || tx_commit(rq) < 0)
		return -1;
	audit(rq, &g_r->to, g_r->material);
	return 0;
}

static int counted(int rc)
{
	atomic_fetch_add(rc == 0 ? &given : &refused, 1);
	pool_wake();
	return rc;
}

/* A request may say nothing. */
static int read_wish(struct req *rq, struct wish *w)
{
	json_t *body;

	if (rq->http->body_len == 0)
		return 0;
	body = req_json(rq);
	return body ? wish_read(body, w, &rq->err) : -1;
}

static int give_signed(struct req *rq)
{
	struct wish w = { 0 };
	struct gift g = { 0 };
	struct who who;
	int rc = -1;

	if (who_asks(rq, &who) == 0 && read_wish(rq, &w) == 0 &&
	    give(rq, &who, &w, &g) == 0)
		rc = reply_signed(rq, payload_of(&w, &g.to, g.material),
				  g.keys, g.n_keys);
	mem_clear(&g.keys, sizeof(g.keys));
	return rc;
}

int first_boot_give(struct req *rq)
{
	if (first_boot_conf.seal.n == 0)
		return not_offered(rq);
	return counted(give_signed(rq));
}

/* -- to cloud-init -------------------------------------------------------- */

static int give_vendor(struct req *rq, const struct who *who)
{
	static const struct wish none = { 0 };
	struct gift g = { 0 };
	int rc = give(rq, who, &none, &g);

	mem_clear(&g.keys, sizeof(g.keys));
	if (rc < 0)
		return -1;
	vendor_write(g.material, &rq->http->out);
	reply_header(rq, "Content-Type", "application/json");
	reply_header(rq, "Cache-Control", "no-store");
	return reply(rq, 200);
}

static bool has_vendor_data(const char *version)
{
	for (size_t i = 0; openstack_versions[i]; i++)
		if (strcmp(openstack_versions[i], version) == 0)
			return strcmp(version, VENDOR_SINCE) >= 0;
	return false;
}

/* Whether it is the server's vendor data that brings it, and has not yet. A
 * HEAD takes nothing. */
static int vendor_due(struct req *rq, const struct who *who)
{
	struct row row;

	if (first_boot_conf.seal.n == 0 ||
	    strcmp(rq->http->method, "GET") != 0 ||
	    !has_vendor_data(req_path(rq, "version")))
		return 0;
	return sql_maybe(rq, &SQL_first_boot_due, &row,
			 ARGS(who->server_id, who->project_id, who->address,
			      who->bridge));
}

int first_boot_vendor(struct req *rq)
{
	const struct rows *rows;
	struct who who;
	int due;

	if (who_asks(rq, &who) < 0)
		return -1;
	due = vendor_due(rq, &who);
	if (due != 0)
		return due < 0 ? -1 : counted(give_vendor(rq, &who));
	if (sql_rows(rq, &SQL_server_metadata, &rows,
		     ARGS(who.server_id, who.project_id, who.address,
			  who.bridge, metadata_conf.dhcp_domain)) < 0)
		return -1;
	return metadata_show.view(rq, rows);
}

/* -- what is on offer ----------------------------------------------------- */

int first_boot_offer(struct req *rq)
{
	struct who who;
	struct row row;
	int n;

	if (first_boot_conf.seal.n == 0 || who_asks(rq, &who) < 0)
		return not_offered(rq);
	n = sql_maybe(rq, &SQL_server_there, &row,
		      ARGS(who.server_id, who.project_id, who.address,
			   who.bridge));
	if (n <= 0)
		return n < 0 ? -1 : not_offered(rq);
	j_obj(&rq->w, NULL);
	j_arr(&rq->w, "kinds");
	for (size_t i = 0; i < first_boot_conf.n; i++)
		j_str(&rq->w, NULL, first_boot_conf.kinds[i]->name);
	j_end(&rq->w);
	j_end(&rq->w);
	return reply(rq, 200);
}

int first_boot_keys(struct req *rq)
{
	const struct rows *rows;

	if (first_boot_conf.seal.n == 0)
		return not_offered(rq);
	if (sql_rows(rq, &SQL_signing_key_list, &rows, NULL, 0) < 0)
		return -1;
	signing_keys_write(rows, &rq->http->out);
	reply_header(rq, "Content-Type", "application/jwk-set+json");
	return reply(rq, 200);
}

/* -- figures -------------------------------------------------------------- */

static void put_counter(struct buf *b, const char *name, const char *help,
			long long v)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s counter\n%s %lld\n", name, help,
		   name, name, v);
}

static void put_made(struct buf *b)
{
	buf_adds(b, "# HELP lite_first_boot_made_total Made ahead, by kind.\n"
		 "# TYPE lite_first_boot_made_total counter\n");
	for (size_t i = 0; i < first_boot_conf.n; i++)
		buf_printf(b, "lite_first_boot_made_total{kind=\"%s\"} %lld\n",
			   first_boot_conf.kinds[i]->name, pool_made(i));
	buf_adds(b, "# HELP lite_first_boot_making_seconds_total What their "
		 "making took, without their storing.\n"
		 "# TYPE lite_first_boot_making_seconds_total counter\n");
	for (size_t i = 0; i < first_boot_conf.n; i++)
		buf_printf(b, "lite_first_boot_making_seconds_total"
			   "{kind=\"%s\"} %.6f\n",
			   first_boot_conf.kinds[i]->name,
			   pool_making_usec(i) / 1e6);
}

/* Guests reach this service, too: figures are for this machine alone. */
static bool is_local(const struct req *rq)
{
	const char *peer = rq->http->peer;

	return !req_header(rq, "X-Instance-ID") &&
		(strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0);
}

static int metrics_bind(struct req *rq)
{
	return is_local(rq) ? 0 : fail(rq, ERR_NOT_FOUND, NULL);
}

static int metrics_view(struct req *rq, const struct rows *rows)
{
	struct buf *b = &rq->http->out;

	buf_adds(b, "# HELP lite_first_boot_pool Held ready, by kind.\n"
		 "# TYPE lite_first_boot_pool gauge\n");
	for (int i = 0; i < rows->n; i++) {
		struct row row = rows_at(rows, i);

		buf_printf(b, "lite_first_boot_pool{kind=\"%s\"} %lld\n",
			   row_text(&row, 0), (long long)row_int(&row, 1));
	}
	put_made(b);
	put_counter(b, "lite_first_boot_given_total", "Given out, and signed.",
		    atomic_load(&given));
	put_counter(b, "lite_first_boot_refused_total", "Requests refused.",
		    atomic_load(&refused));
	reply_header(rq, "Content-Type", "text/plain; version=0.0.4");
	return reply(rq, 200);
}

const struct read_op first_boot_metrics = { &SQL_key_pool_level, metrics_bind,
					    metrics_view };
