/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nova-lite-boot - builds one boot image. The request comes as JSON on
 * standard input:
 *
 *	{"boot": PARAMETERS, "files": {"kernel", "set", "ramdisk": PATHS},
 *	 "out": PATH}
 *
 * where PARAMETERS are those of boot.h. Ends with 0 and the image, or with 1
 * and a line "STEP: what" on standard output.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/build.h"

static const char *file_of(const json_t *request, const char *name)
{
	return json_string_value(json_object_get(json_object_get(request,
								 "files"),
						 name));
}

/* Our neighbour. */
static int find_init(struct build *b, struct err *e)
{
	char path[BOOT_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return build_fails(e, "loader", "where am I?");
	*slash = '\0';
	snprintf(b->init, sizeof(b->init), "%.570s/nova-lite-boot-init", path);
	return 0;
}

static int read_request(const json_t *request, struct build *b,
			struct err *e)
{
	b->kernel = file_of(request, "kernel");
	b->set = file_of(request, "set");
	b->ramdisk = file_of(request, "ramdisk");
	b->out = json_string_value(json_object_get(request, "out"));
	if (boot_params_read(json_object_get(request, "boot"), &b->params,
			     e) < 0)
		return -1;
	if (!b->kernel || !b->out || !b->set != !b->params.set ||
	    !b->ramdisk != !b->params.ramdisk)
		return build_fails(e, "parameters", "files are missing");
	return find_init(b, e);
}

int main(void)
{
	json_t *request = json_loadf(stdin, JSON_REJECT_DUPLICATES, NULL);
	struct build b = { 0 };
	struct err e = { 0 };
	int rc;

	umask(022);
	setenv("KMOD_LOG", "0", 1);	/* our line is the first */
	signal(SIGXFSZ, SIG_IGN);	/* an error like a full disk */
	rc = read_request(request, &b, &e);
	if (rc == 0)
		rc = build_image(&b, &e);
	build_fini(&b);
	json_decref(request);
	if (rc == 0)
		return 0;
	printf("%s\n", e.msg);
	if (e.detail[0])
		fprintf(stderr, "%s\n", e.detail);
	return 1;
}
