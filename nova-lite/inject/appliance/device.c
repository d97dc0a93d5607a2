/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/appliance/device.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/appliance/kernel.h"
#include "nova-lite/inject/appliance/lvm.h"
#include "nova-lite/inject/appliance/mapper.h"

void device_path(const struct device *d, char path_r[DEVICE_PATH])
{
	snprintf(path_r, DEVICE_PATH, "/dev/%s", d->name);
}

void devices_fini(struct devices *all)
{
	free(all->at);
}

/* -- one device ----------------------------------------------------------- */

static int read_fd(void *arg, uint64_t at, void *data, size_t n)
{
	return pread(*(int *)arg, data, n, at) == (ssize_t)n ? 0 : -1;
}

static int open_device(const struct device *d, struct table_source *src_r,
		       int *fd_r)
{
	char path[DEVICE_PATH];

	device_path(d, path);
	*fd_r = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd_r < 0)
		return -1;
	*src_r = (struct table_source){ read_fd, fd_r,
		lseek(*fd_r, 0, SEEK_END) };
	return 0;
}

/* Adds a device and looks at what it holds. */
static int add(struct devices *all, const char *name, struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct device d = { .dev = 0 };
	struct table_source src;
	struct stat st;

	snprintf(d.name, sizeof(d.name), "%s", name);
	if (open_device(&d, &src, &fd) < 0 || fstat(fd, &st) < 0 ||
	    superblock_read(&src, &d.sb) < 0)
		return err_errno(e, "appliance: %s", name);
	d.size = src.size;
	d.dev = st.st_rdev;
	all->at = xrealloc(all->at, (all->n + 1) * sizeof(d));
	all->at[all->n++] = d;
	return 0;
}

/* -- partitions ----------------------------------------------------------- */

static int add_partitions(struct devices *all, const char *disk,
			  struct err *e)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	snprintf(path, sizeof(path), "/sys/block/%s", disk);
	dir = opendir(path);
	if (!dir)
		return err_errno(e, "appliance: %s", path);
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, disk, strlen(disk)) == 0)
			rc = add(all, entry->d_name, e);
	}
	closedir(dir);
	return rc;
}

static bool hold_something(const struct devices *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->at[i].sb.kind != VOLUME_NONE)
			return true;
	return false;
}

/* -- logical volumes ------------------------------------------------------ */

/* A physical volume and what its metadata say. */
struct pv {
	char id[LVM_ID_SIZE];
	dev_t dev;
	struct lvm_group group;
	bool has_group;
};

struct pvs {
	struct pv *at;
	size_t n;
};

static void read_pv(struct pvs *pvs, const struct device *d)
{
	_cleanup_(cleanup_close) int fd = -1;
	_cleanup_(cleanup_free) char *text = NULL;
	struct pv *pv = &pvs->at[pvs->n];
	struct table_source src;
	size_t n;

	if (open_device(d, &src, &fd) < 0 ||
	    lvm_label_read(&src, pv->id, &text, &n) < 0)
		return;
	pv->dev = d->dev;
	pv->has_group = n > 0 && lvm_group_parse(text, n, &pv->group) == 0;
	pvs->n++;
}

static const struct pv *find_pv(const struct pvs *pvs, const char *id)
{
	size_t i;

	for (i = 0; i < pvs->n; i++)
		if (strcmp(pvs->at[i].id, id) == 0)
			return &pvs->at[i];
	return NULL;
}

static int make_target(const struct pvs *pvs, const struct lvm_segment *s,
		       struct mapper_target *t)
{
	bool linear = s->nstripes == 1;
	size_t at = 0, i;

	*t = (struct mapper_target){ s->start, s->size,
				     linear ? "linear" : "striped", "" };
	if (!linear)
		at = snprintf(t->params, sizeof(t->params), "%u %llu ",
			      s->nstripes, (unsigned long long)s->chunk);
	for (i = 0; i < s->nstripes; i++) {
		const struct pv *pv = find_pv(pvs, s->stripes[i].pv);

		if (!pv)
			return -1;
		at += snprintf(t->params + at, sizeof(t->params) - at,
			       "%u:%u %llu ", major(pv->dev), minor(pv->dev),
			       (unsigned long long)s->stripes[i].at);
	}
	return 0;
}

static int make_volume(const struct pvs *pvs, const struct lvm_group *g,
		       const struct lvm_volume *v, unsigned *n_r)
{
	_cleanup_(cleanup_free) struct mapper_target *targets =
		xcalloc(v->nsegments + 1, sizeof(*targets));
	char name[100];
	size_t i;

	for (i = 0; i < v->nsegments; i++)
		if (make_target(pvs, &v->segments[i], &targets[i]) < 0)
			return -1;
	snprintf(name, sizeof(name), "%s-%zu", g->id,
		 (size_t)(v - g->volumes));
	return mapper_make(name, targets, v->nsegments, n_r);
}

static int add_volume(struct devices *all, const struct pvs *pvs,
		      const struct lvm_group *g, const struct lvm_volume *v,
		      struct err *e)
{
	char name[32];
	unsigned n;

	if (!v->usable || make_volume(pvs, g, v, &n) < 0) {
		all->at = xrealloc(all->at, (all->n + 1) * sizeof(*all->at));
		all->at[all->n++] = (struct device){
			.sb.kind = VOLUME_OTHER };
		return 0;
	}
	snprintf(name, sizeof(name), "dm-%u", n);
	return add(all, name, e);
}

/* A group stands in each of its physical volumes: the first will do. */
static bool is_repeated(const struct pvs *pvs, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (pvs->at[k].has_group && strcmp(pvs->at[k].group.id,
						   pvs->at[i].group.id) == 0)
			return true;
	return false;
}

static int add_group(struct devices *all, const struct pvs *pvs, size_t i,
		     struct err *e)
{
	const struct lvm_group *g = &pvs->at[i].group;
	size_t k;

	for (k = 0; k < g->nvolumes; k++)
		if (add_volume(all, pvs, g, &g->volumes[k], e) < 0)
			return -1;
	return 0;
}

static int add_volumes(struct devices *all, struct err *e)
{
	struct pvs pvs = { .at = xcalloc(all->n, sizeof(*pvs.at)) };
	size_t n = all->n, i;
	int rc = 0;

	for (i = 0; i < n; i++)
		if (all->at[i].sb.kind == VOLUME_LVM)
			read_pv(&pvs, &all->at[i]);
	if (pvs.n > 0)
		kernel_load("lvm");
	for (i = 0; rc == 0 && i < pvs.n; i++)
		if (pvs.at[i].has_group && !is_repeated(&pvs, i))
			rc = add_group(all, &pvs, i, e);
	for (i = 0; i < pvs.n; i++)
		if (pvs.at[i].has_group)
			lvm_group_fini(&pvs.at[i].group);
	free(pvs.at);
	return rc;
}

int devices_read(struct devices *all, const char *disk, struct err *e)
{
	if (add_partitions(all, disk, e) < 0)
		return -1;
	if (!hold_something(all)) {
		all->n = 0;
		if (add(all, disk, e) < 0)
			return -1;
	}
	return add_volumes(all, e);
}
