/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_STORE_INSPECT_H
#define GLANCE_STORE_INSPECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What kind of disk image some bytes are, looked up in the bytes alone. No
 * name, header or claim of a client is believed. Everything that could make a
 * reader of the image open another file of its host (backing files, external
 * data files, foreign extents, parents; CVE-2015-5163, CVE-2022-47951,
 * CVE-2024-32498) makes it unsafe, and so does what cannot be judged.
 *
 * Layouts: QEMU's docs/interop/qcow2.txt and qed_spec.txt, VMware's "Virtual
 * Disk Format 5.0", Microsoft's VHD 1.0 and [MS-VHDX], ECMA-119, VirtualBox's
 * VDI header.
 */
struct inspect_source {
	/* As pread: up to n bytes at off, fewer at the end, -1 on error. */
	ssize_t (*read)(const void *arg, void *data, size_t n, int64_t off);
	const void *arg;
	int64_t size;
};

struct inspect {
	const char *format;	/* qcow2 vmdk vhd vhdx vdi iso qed ploop, or
				   "raw" where none of them was recognised */
	int64_t virtual_size;	/* bytes that a guest would see */
	const char *unsafe;	/* why it is refused, NULL when it is not */
};

void inspect(const struct inspect_source *src, struct inspect *out_r);

/*
 * The same of what must be a qcow2 that rests on another image. That it names
 * one is no reason to refuse it here: the name is not for anybody to follow.
 */
void inspect_delta(const struct inspect_source *src, struct inspect *out_r);

/*
 * Whether data inspected as `found` may be stored under the claimed
 * disk_format: NULL, or why not. strict: unrecognised bytes may only be raw;
 * vmdk they may never be.
 */
const char *inspect_refusal(const struct inspect *found, const char *claimed,
			    bool strict);

#endif
