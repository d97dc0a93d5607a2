/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/appliance/mapper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <linux/dm-ioctl.h>

#include "common/base/mem.h"

#define ENTRY_MAX (sizeof(struct dm_target_spec) + 520)

static void head(struct dm_ioctl *d, const char *name, size_t size)
{
	memset(d, 0, sizeof(*d));
	d->version[0] = DM_VERSION_MAJOR;
	d->data_size = size;
	d->data_start = sizeof(*d);
	strncpy(d->name, name, sizeof(d->name) - 1);
}

static int load(int control, const char *name,
		const struct mapper_target *targets, size_t n)
{
	size_t size = sizeof(struct dm_ioctl) + n * ENTRY_MAX, i;
	_cleanup_(cleanup_free) char *data = xcalloc(1, size);
	struct dm_ioctl *d = (struct dm_ioctl *)data;
	char *p = data + sizeof(*d);

	_Static_assert(ENTRY_MAX % 8 == 0, "specs are aligned");
	head(d, name, size);
	d->target_count = n;
	for (i = 0; i < n; i++, p += ENTRY_MAX) {
		struct dm_target_spec *s = (struct dm_target_spec *)p;

		s->sector_start = targets[i].start;
		s->length = targets[i].size;
		s->next = ENTRY_MAX;
		strncpy(s->target_type, targets[i].type,
			sizeof(s->target_type) - 1);
		strcpy((char *)(s + 1), targets[i].params);
	}
	return ioctl(control, DM_TABLE_LOAD, d);
}

int mapper_make(const char *name, const struct mapper_target *targets,
		size_t n, unsigned *n_r)
{
	_cleanup_(cleanup_close) int control =
		open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	struct dm_ioctl d;

	if (control < 0)
		return -1;
	head(&d, name, sizeof(d));
	if (ioctl(control, DM_DEV_CREATE, &d) < 0)
		return -1;
	*n_r = minor(d.dev);
	if (load(control, name, targets, n) < 0)
		return -1;
	/* Without the flag that suspends, this resumes. */
	head(&d, name, sizeof(d));
	return ioctl(control, DM_DEV_SUSPEND, &d);
}
