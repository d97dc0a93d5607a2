/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/metadata/config_drive.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/iso.h"

#define LABEL "config-2"

/* libisofs keeps state of its own per process; drives are made in turn. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int started;

static int iso_failed(struct err *e, const char *what, int code)
{
	return err_internal(e, "config drive: %s: %s", what,
			    iso_error_to_msg(code));
}

static int start(struct err *e)
{
	int rc = started ? 1 : iso_init();

	if (rc < 0)
		return iso_failed(e, "start", rc);
	iso_set_msgs_severities("NEVER", "NEVER", "");
	started = 1;
	return 0;
}

/* The folder `name` below dir, made when it is not there. */
static int subdir(IsoDir *dir, const char *name, IsoDir **sub_r)
{
	IsoNode *node;
	int rc = iso_dir_get_node(dir, name, &node);

	if (rc == 1) {
		assert(iso_node_get_type(node) == LIBISO_DIR);
		*sub_r = (IsoDir *)node;
		return 1;
	}
	return rc < 0 ? rc : iso_tree_add_new_dir(dir, name, sub_r);
}

static int add_file(IsoImage *image, const struct config_file *f)
{
	_cleanup_(cleanup_free) char *path = xstrdup(f->path);
	IsoDir *dir = iso_image_get_root(image);
	char *name = path, *slash;
	IsoFile *file;
	int rc;

	while ((slash = strchr(name, '/')) != NULL) {
		*slash = '\0';
		rc = subdir(dir, name, &dir);
		if (rc < 0)
			return rc;
		name = slash + 1;
	}
	return iso_add_bytes(dir, name, f->data, f->size, &file);
}

static int set_opts(IsoWriteOpts *opts)
{
	int rc = 1;

#define OPT(name, ...) rc = rc < 0 ? rc : \
	iso_write_opts_set_##name(opts, __VA_ARGS__)
	OPT(iso_level, 3);
	OPT(rockridge, 1);
	OPT(joliet, 1);
	OPT(joliet_longer_paths, 1);
	OPT(relaxed_vol_atts, 1);	/* a label in lower case */
	OPT(replace_mode, 2, 2, 2, 2);
	OPT(default_dir_mode, 0555);
	OPT(default_file_mode, 0444);
	OPT(default_uid, 0);
	OPT(default_gid, 0);
#undef OPT
	return rc;
}

static int write_image(IsoImage *image, int fd, struct err *e)
{
	_cleanup_(iso_cleanup_opts) IsoWriteOpts *opts = NULL;
	_cleanup_(iso_cleanup_source) struct burn_source *source = NULL;
	int rc;

	rc = iso_write_opts_new(&opts, 0);
	if (rc >= 0)
		rc = set_opts(opts);
	if (rc >= 0)
		rc = iso_image_create_burn_source(image, opts, &source);
	if (rc < 0)
		return iso_failed(e, "layout", rc);
	if (iso_copy_out(source, fd) < 0 || fsync(fd) < 0)
		return err_errno(e, "config drive: write");
	return 0;
}

static int build(int fd, const struct config_file *files, size_t n,
		 struct err *e)
{
	_cleanup_(iso_cleanup_image) IsoImage *image = NULL;
	size_t i;
	int rc;

	if (start(e) < 0)
		return -1;
	rc = iso_image_new(LABEL, &image);
	if (rc < 0)
		return iso_failed(e, "image", rc);
	for (i = 0; i < n; i++) {
		rc = add_file(image, &files[i]);
		if (rc < 0)
			return iso_failed(e, files[i].path, rc);
	}
	return write_image(image, fd, e);
}

int config_drive_write(const char *out, const struct config_file *files,
		       size_t n, struct err *e)
{
	_cleanup_(cleanup_free) char *temp = xasprintf("%s.XXXXXX", out);
	_cleanup_(cleanup_close) int fd = mkostemp(temp, O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_errno(e, "config drive: %s", temp);
	pthread_mutex_lock(&lock);
	rc = build(fd, files, n, e);
	pthread_mutex_unlock(&lock);
	if (rc == 0 && rename(temp, out) < 0)
		rc = err_errno(e, "config drive: %s", out);
	if (rc < 0)
		unlink(temp);
	return rc;
}
