/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "activation-agent/install.h"
#include "common/base/mem.h"

#define URL "http://169.254.169.254"
#define PATH "/openstack/latest/first_boot"
#define REQUEST "/etc/activation-agent/request.json"

enum { DEADLINE_SECONDS = 120, REQUEST_MAX = 64 << 10,
       DRIVE_MS = 10000 };	/* a device that is there shows up by then */

static const char usage[] =
"activation-agent [OPTION...] - install what this machine gets at its first "
"boot\n\n"
"  --dry-run         say what would be installed, and take nothing\n"
"  --request FILE    JSON that goes with the request (" REQUEST ",\n"
"                    when it is there)\n"
"  --drive DIR       read the config drive here, instead of looking for it\n"
"  --url URL         ask here (" URL ")\n"
"  --root DIR        install below this folder\n"
"  --deadline SECONDS  give up after so long (120)\n"
"  --help\n\n"
"Exit status: 0 it is installed, now or before; 1 nothing was installed;\n"
"2 usage. See activation-agent(8).\n";

struct options {
	const char *root, *url, *drive, *request;
	long long deadline;
	bool dry_run;
};

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("activation-agent: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

/* -- asking --------------------------------------------------------------- */

static void secret_fini(struct buf *b)
{
	if (b->data)
		sodium_memzero(b->data, b->cap);
	buf_fini(b);
}

static void answer_fini(struct answer *a)
{
	secret_fini(&a->body);
}

static void free_json(json_t **v)
{
	json_decref(*v);
}

static int check_status(const struct answer *a, struct err *e)
{
	switch (a->status) {
	case 200:
		return 0;
	case 404:
		return refuse(e, "the service offers no first boots (404)");
	case 410:
		return refuse(e, "what this machine gets at its first boot "
			      "was given out before (410); it is not given "
			      "twice");
	default:
		return refuse(e, "the service answers %d: %.400s", a->status,
			      buf_str((struct buf *)&a->body));
	}
}

/* The places of what is on offer. */
static int survey(const struct service *s, struct plan *p_r, struct err *e)
{
	_cleanup_(answer_fini) struct answer a = { 0 };
	_cleanup_(free_json) json_t *v = NULL;

	if (fetch(s, PATH, NULL, &a, e) < 0 || check_status(&a, e) < 0)
		return -1;
	v = json_loadb(a.body.data, a.body.len, 0, NULL);
	return plan_offer(json_object_get(v, "kinds"), p_r, e);
}

/* What goes with the request: a file that need not be there, when it was not
 * named. */
static int read_request(const struct options *o, struct buf *out,
			struct err *e)
{
	_cleanup_(cleanup_close) int fd =
		open(o->request ? o->request : REQUEST, O_RDONLY | O_CLOEXEC);
	_cleanup_(free_json) json_t *v = NULL;
	ssize_t n;

	if (fd < 0 && !o->request && errno == ENOENT)
		return 0;
	if (fd < 0)
		return refuse_errno(e, "%s", o->request ? o->request :
				    REQUEST);
	n = read(fd, buf_reserve(out, REQUEST_MAX), REQUEST_MAX);
	out->len = n > 0 ? n : 0;
	v = json_loadb(out->data, out->len, 0, NULL);
	return json_is_object(v) ? 0 : refuse(e, "%s: not a JSON object",
					      o->request ? o->request :
					      REQUEST);
}

/* -- installing ----------------------------------------------------------- */

static void say_installed(const struct plan *p, const json_t *doc)
{
	const char *name = json_string_value(json_object_get(doc, "hostname"));
	char print[FINGERPRINT_SIZE];

	for (size_t i = 0; i < p->n; i++) {
		const struct plan_file *f = &p->files[i];

		if (strcmp(f->target->member, "public") == 0 &&
		    plan_fingerprint(f->text, print))
			say("%s %s", f->target->kind, print);
		else
			say("%s %s", f->target->kind, f->target->path);
	}
	say("installed for %s", name ? name : "this instance");
}

static int take(const struct service *s, const struct drive *d,
		const struct place *at, const char *request, struct err *e)
{
	_cleanup_(answer_fini) struct answer a = { 0 };
	_cleanup_(secret_fini) struct buf payload = { 0 };
	_cleanup_(free_json) json_t *doc = NULL;
	struct plan p;

	if (fetch(s, PATH, request, &a, e) < 0 || check_status(&a, e) < 0 ||
	    jws_open(&d->pins, a.body.data, a.body.len, &payload, e) < 0)
		return -1;
	doc = json_loadb(payload.data, payload.len, JSON_REJECT_DUPLICATES,
			 NULL);
	if (plan_make(doc, d->instance, &p, e) < 0 || install(at, &p, e) < 0)
		return -1;
	say_installed(&p, doc);
	return 0;
}

static void say_plan(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		say("would install %s (%s)", p->files[i].target->path,
		    p->files[i].target->kind);
}

/* 1: there was nothing left to do. */
static int settle_earlier(const struct place *at, struct err *e)
{
	int rc;

	if (install_done(at)) {
		install_clean(at);
		return 1;
	}
	rc = install_recover(at, e);
	if (rc > 0)
		say("completed what an earlier run had begun");
	return rc;
}

static int run_locked(const struct options *o, const struct drive *d,
		      struct err *e)
{
	struct service s = { o->url, o->deadline };
	struct place at = { o->root, d->instance };
	_cleanup_(buf_fini) struct buf request = { 0 };
	struct plan p;
	int rc = o->dry_run ? install_done(&at) : settle_earlier(&at, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (read_request(o, &request, e) < 0 || survey(&s, &p, e) < 0)
		return -1;
	if (o->dry_run) {
		say_plan(&p);
		return 0;
	}
	if (install_probe(&at, &p, e) < 0)
		return -1;
	return take(&s, d, &at, buf_str(&request), e);
}

static int run(const struct options *o, struct err *e)
{
	long long until = clock_ms() + DRIVE_MS;
	struct drive d = { 0 };
	const struct place at = { o->root, d.instance };
	_cleanup_(cleanup_close) int lock = install_lock(&at, e);
	int rc;

	if (lock < 0)
		return -1;
	rc = drive_read(o->drive, until < o->deadline ? until : o->deadline,
			&d, e);
	if (rc == 0)
		rc = run_locked(o, &d, e);
	if (!o->dry_run)
		install_tell_cloud(&at, rc == 0);
	return rc;
}

/* -- options -------------------------------------------------------------- */

enum { DRY_RUN = 256, DRIVE, URL_OPT, ROOT, DEADLINE, REQUEST_OPT, HELP };

static const struct option names[] = {
	{ "dry-run", no_argument, NULL, DRY_RUN },
	{ "drive", required_argument, NULL, DRIVE },
	{ "url", required_argument, NULL, URL_OPT },
	{ "root", required_argument, NULL, ROOT },
	{ "deadline", required_argument, NULL, DEADLINE },
	{ "request", required_argument, NULL, REQUEST_OPT },
	{ "help", no_argument, NULL, HELP },
	{ 0 }
};

static int seconds_of(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text && !*end && n > 0 && n < 86400 ? n : -1;
}

static int set(struct options *o, int which)
{
	int seconds;

	switch (which) {
	case DRY_RUN: o->dry_run = true; return 0;
	case DRIVE: o->drive = optarg; return 0;
	case URL_OPT: o->url = optarg; return 0;
	case ROOT: o->root = optarg; return 0;
	case REQUEST_OPT: o->request = optarg; return 0;
	case DEADLINE:
		seconds = seconds_of(optarg);
		o->deadline = clock_ms() + seconds * 1000LL;
		return seconds > 0 ? 0 : -1;
	default: return -1;
	}
}

static int read_options(struct options *o, int argc, char **argv)
{
	int which;

	*o = (struct options){ .root = "", .url = URL, .deadline =
		clock_ms() + DEADLINE_SECONDS * 1000LL };
	while ((which = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (which == HELP) {
			fputs(usage, stdout);
			exit(0);
		}
		if (set(o, which) < 0)
			return -1;
	}
	return optind == argc && strncmp(o->url, "http://", 7) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e;

	if (read_options(&o, argc, argv) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	if (sodium_init() < 0)
		return 1;
	if (run(&o, &e) < 0) {
		say("nothing was installed: %s", e.msg);
		return 1;
	}
	return 0;
}
