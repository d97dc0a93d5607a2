/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject_tool DISK FORMAT [-b BASE FORMAT]... [DEST=SRC | -DEST]... - the room
 * by hand, for scripts: puts files of the host into the disk and removes
 * others. INJECT_PROGRAM: by that program, as the agent does; INJECT_APPLIANCE:
 * where that is; INJECT_ROOT: inject_options.root. Prints what the report says
 * as one line: milliseconds, counts.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/mem.h"
#include "nova-lite/inject/inject.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct inject_file file_of(char *arg)
{
	char *src = strchr(arg, '=');
	struct inject_file f = { .path = arg };
	struct stat st;

	if (!src) {
		fprintf(stderr, "%s: not DEST=SRC\n", arg);
		exit(2);
	}
	*src++ = '\0';
	f.path_len = strlen(arg);
	f.fd = open(src, O_RDONLY | O_CLOEXEC);
	if (f.fd < 0 || fstat(f.fd, &st) < 0)
		die(src);
	f.size = st.st_size;
	f.mode = st.st_mode & 07777;
	f.mtime = st.st_mtime;
	return f;
}

static int layers_of(int argc, char **argv, struct inject_layer *layers,
		     size_t *n_r)
{
	int i = 3;
	size_t n = 1;

	layers[0] = (struct inject_layer){ argv[1], argv[2] };
	for (; i + 2 < argc && strcmp(argv[i], "-b") == 0 &&
	     n < INJECT_LAYERS_MAX; i += 3)
		layers[n++] = (struct inject_layer){ argv[i + 1],
						     argv[i + 2] };
	*n_r = n;
	return i;
}

static void print(const struct inject_report *r)
{
	printf("serve %.1f remove %.1f add %.1f flush %.1f added %zu "
	       "removed %zu bytes %llu\n", r->serve / 1e3, r->remove / 1e3,
	       r->add / 1e3, r->flush / 1e3, r->nadded, r->nremoved,
	       (unsigned long long)r->bytes);
}

int main(int argc, char **argv)
{
	struct inject_layer layers[INJECT_LAYERS_MAX];
	struct inject_disk disk = { .layers = layers };
	struct inject_file *adds = xcalloc(argc, sizeof(*adds));
	const char **removes = xcalloc(argc, sizeof(*removes));
	struct inject_request rq = { .adds = adds, .removes = removes };
	struct inject_limits none = { "files", -1, -1, -1, NULL, 0 };
	struct inject_options options = {
		.program = getenv("INJECT_PROGRAM"),
		.appliance = getenv("INJECT_APPLIANCE"),
		.root = getenv("INJECT_ROOT"),
	};
	struct inject_report report;
	struct err e;
	int i;

	if (argc < 3) {
		fprintf(stderr, "usage: inject_tool DISK FORMAT "
			"[-b BASE FORMAT]... [DEST=SRC | -DEST]...\n");
		return 2;
	}
	for (i = layers_of(argc, argv, layers, &disk.nlayers); i < argc; i++) {
		if (argv[i][0] == '-')
			removes[rq.nremoves++] = argv[i] + 1;
		else
			adds[rq.nadds++] = file_of(argv[i]);
	}
	if (inject_check(&rq, &none, &e) < 0 ||
	    inject_apply(&disk, &rq, &options, &report, &e) < 0) {
		fprintf(stderr, "%s %s (%s)\n", err_name(e.kind), e.msg,
			e.detail);
		return 1;
	}
	print(&report);
	inject_report_fini(&report);
	free(adds);
	free(removes);
	return 0;
}
