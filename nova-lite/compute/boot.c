/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/boot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/json/text.h"
#include "nova-lite/boot/boot.h"
#include "nova-lite/compute/boot_cache.h"
#include "nova-lite/compute/system.h"

#define BUILD_TIME (60 * USEC_PER_SEC)
/* Nova's, where the image has no os_command_line. */
#define PLAIN_CMDLINE "root=/dev/vda console=tty0 console=ttyS0 console=hvc0"

static const char *image_prop(const struct job *j, const char *key)
{
	return json_string_value(json_object_get(job_server(j)->image_props,
						 key));
}

static void unlink_file(struct job *j, const char *name)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, name, path);
	unlink(path);
}

/* -- managed -------------------------------------------------------------- */

/* Puts words before the message. */
static int prefix(struct err *e, const char *words)
{
	struct err why = *e;

	err_set(e, why.kind, "%s: %.900s", words, why.msg);
	memcpy(e->detail, why.detail, sizeof(e->detail));
	return -1;
}

/* A part's file in the cache of images; NULL where the server has none. */
static int fetch_part(struct job *j, const char *name, const char **path_r,
		      struct err *e)
{
	const json_t *part = json_object_get(job_server(j)->boot, name);
	const char *id = json_string_value(json_object_get(part, "id"));
	struct image image;

	*path_r = NULL;
	if (!part)
		return 0;
	if (!id)
		err_internal(e, "boot: %s without id", name);
	if (!id || image_get(&job_agent(j)->images, id, &image, e) < 0)
		return prefix(e, strcmp(name, "set") == 0 ? "modules" : name);
	*path_r = arena_strdup(&j->arena, image.path);
	return 0;
}

static int build(void *arg, const char *path, struct err *e)
{
	struct job *j = arg;
	struct boot_job b = {
		.program = job_agent(j)->boot,
		.boot = job_server(j)->boot,
		.out = path,
	};

	if (fetch_part(j, "kernel", &b.kernel, e) < 0 ||
	    fetch_part(j, "set", &b.set, e) < 0 ||
	    fetch_part(j, "ramdisk", &b.ramdisk, e) < 0)
		return -1;
	b.deadline = usec_monotonic() + BUILD_TIME;
	return boot_build(&b, e);
}

static int record(struct job *j, const char *digest, int64_t built,
		  struct err *e)
{
	return sql_exec(j->conn, &SQL_server_booted,
			ARGS(j->subject, digest,
			     row_text(&job_server(j)->row, server__boot),
			     built), NULL, e);
}

static int managed(struct job *j, struct err *e)
{
	const struct boot_maker maker = { build, j };
	char digest[BOOT_DIGEST_SIZE], path[INSTANCE_PATH_MAX];
	struct agent *a = job_agent(j);
	int64_t built;

	instance_path(a, j->subject, "disk.boot", path);
	if (boot_digest(job_server(j)->boot, a->boot, digest, e) < 0 ||
	    boot_cache_link(&a->boots, digest, &maker, path, &built, e) < 0)
		return prefix(e, "Managed boot failed");
	unlink_file(j, "kernel");
	unlink_file(j, "ramdisk");
	return record(j, digest, built, e);
}

/* -- Nova's convention ---------------------------------------------------- */

static int link_image(struct job *j, const char *prop, const char *name,
		      struct err *e)
{
	const char *id = image_prop(j, prop);
	_cleanup_(cleanup_free) char *temp = NULL;
	char path[INSTANCE_PATH_MAX];
	struct image image;

	if (!id) {
		unlink_file(j, name);
		return 0;
	}
	if (!text_is_uuid(id))
		return err_set(e, ERR_BAD_REQUEST, "%s '%.64s' is not an "
			       "image's id.", prop, id);
	if (image_get(&job_agent(j)->images, id, &image, e) < 0)
		return -1;
	instance_path(job_agent(j), j->subject, name, path);
	temp = xasprintf("%s.new", path);
	unlink(temp);
	if (link(image.path, temp) < 0 || rename(temp, path) < 0)
		return err_errno(e, "%s", path);
	unlink(temp);
	return 0;
}

static int plain(struct job *j, struct err *e)
{
	if (link_image(j, "kernel_id", "kernel", e) < 0 ||
	    link_image(j, "ramdisk_id", "ramdisk", e) < 0)
		return -1;
	if (has_system(j) && !image_prop(j, "kernel_id"))
		return err_set(e, ERR_BAD_REQUEST, "The OS image has no "
			       "kernel: neither kernel_id nor boot:kernel.");
	unlink_file(j, "disk.boot");
	return 0;
}

int server_boot(struct job *j, struct err *e)
{
	if (job_agent(j)->containers)
		return 0;
	return job_server(j)->boot ? managed(j, e) : plain(j, e);
}

static const char *file_of(struct job *j, const char *name)
{
	char path[INSTANCE_PATH_MAX];

	instance_path(job_agent(j), j->subject, name, path);
	return access(path, F_OK) == 0 ? arena_strdup(&j->arena, path) : NULL;
}

void server_boot_spec(struct job *j, struct domain_spec *spec)
{
	const char *cmdline = image_prop(j, "os_command_line");

	spec->kernel = file_of(j, "kernel");
	if (!spec->kernel)
		return;
	spec->initrd = file_of(j, "ramdisk");
	spec->cmdline = has_system(j) ? server_system_cmdline(j) :
			cmdline ? cmdline : PLAIN_CMDLINE;
}
