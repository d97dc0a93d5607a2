/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_APPLIANCE_LVM_H
#define NOVA_APPLIANCE_LVM_H

#include <stdbool.h>

#include "nova-lite/inject/table.h"

/*
 * LVM2's physical volumes: the label, and the text that says which logical
 * volumes lie where. Only those whose segments are linear or striped are of
 * use; thin pools, RAID, mirrors, caches and snapshots are not.
 */

#define LVM_ID_SIZE 33
#define LVM_NAME_SIZE 128
#define LVM_STRIPES 8

struct lvm_stripe {
	char pv[LVM_ID_SIZE];
	uint64_t at;			/* sectors, as all numbers here */
};

struct lvm_segment {
	uint64_t start, size, chunk;
	uint32_t nstripes;
	struct lvm_stripe stripes[LVM_STRIPES];
};

struct lvm_volume {
	char name[LVM_NAME_SIZE];
	bool usable;
	struct lvm_segment *segments;
	size_t nsegments;
};

struct lvm_group {
	char id[LVM_ID_SIZE];
	struct lvm_volume *volumes;	/* the visible ones */
	size_t nvolumes;
};

/*
 * The id of a physical volume and, when it has it, the text about its group,
 * the caller's to free; *n_r is 0 without. -1: it is none, or damaged, or the
 * source fails.
 */
int lvm_label_read(const struct table_source *src, char id_r[LVM_ID_SIZE],
		   char **text_r, size_t *n_r);

/* -1: not what LVM writes. */
int lvm_group_parse(const char *text, size_t n, struct lvm_group *group_r);
void lvm_group_fini(struct lvm_group *g);

#endif
