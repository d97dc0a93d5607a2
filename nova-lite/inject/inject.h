/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_H
#define NOVA_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/timefmt.h"

/*
 * Files into and out of a disk that no machine runs on: the host mounts
 * nothing, nothing needs root, and the host's kernel never parses the guest's
 * file system. QEMU's storage daemon presents the disk, whatever its format,
 * and libext2fs edits the ext2, ext3 or ext4 file system on it. What that
 * cannot edit (xfs, btrfs, ext4 on LVM, a journal to be replayed, features
 * not known to be safe) a kernel in a small machine of QEMU's does, the
 * appliance, in seconds instead of a tenth of one.
 *
 * A disk is a stack of layers and only the top one is written, so whoever
 * calls throws the top layer away when an injection fails. Until everything
 * is known to fit, nothing is written to that layer either, but for what
 * the appliance's kernel writes by mounting and, where folders are missing or
 * a kernel's estimate of its space was wrong, begins to write.
 */

#define INJECT_PATH_MAX 4095		/* bytes, as in the guest */
#define INJECT_NAME_MAX 255
#define INJECT_LAYERS_MAX 8
#define INJECT_DEADLINE_MS 120000

struct inject_file {
	const char *path;		/* in the guest: absolute */
	size_t path_len;		/* as it came: a NUL inside is seen */
	const void *data;		/* NULL: read from fd, from byte 0 */
	int fd;
	uint64_t size;
	uint32_t mode, uid, gid;	/* mode: permission bits */
	int64_t mtime;			/* seconds */
};

/* What to do. Borrowed. Removals come first, then additions. */
struct inject_request {
	const struct inject_file *adds;
	size_t nadds;
	const char *const *removes;	/* files; those not there are skipped */
	size_t nremoves;
	/*
	 * Folders that earlier injections made (inject_report.made): removals
	 * that leave one of them empty remove it too.
	 */
	const char *const *made;
	size_t nmade;
};

/* Nova's quotas; negative: no limit. */
struct inject_limits {
	const char *field;		/* how messages call the list */
	int64_t files;			/* injected_files */
	int64_t content_bytes;		/* injected_file_content_bytes: each */
	int64_t path_bytes;		/* injected_file_path_bytes: each */
	/* Files behind the first `lead` stand in a list of their own. */
	const char *rest;		/* its name; NULL: there is none */
	size_t lead;
};

/*
 * Whether the request can be asked of any disk at all. Pure. Paths are
 * absolute and canonical (no empty component, `.` or `..`), names have at
 * most 255 bytes, no path comes twice or below another that is a file, modes
 * are permission bits. Fails with BAD_REQUEST, and beyond a limit with
 * TOO_LARGE; the message names the field: "personality[2].path ...".
 */
int inject_check(const struct inject_request *rq,
		 const struct inject_limits *limits, struct err *e);

/* Formats are what the caller knows them to be; QEMU probes nothing. */
struct inject_layer {
	const char *path;
	const char *format;		/* "qcow2" or "raw" */
};

/*
 * layers[0] is written, each next one backs the one before. The names of
 * backing files that layers carry inside are not followed.
 */
struct inject_disk {
	const struct inject_layer *layers;
	size_t nlayers;
};

struct inject_options {
	/*
	 * Label or UUID of the file system; NULL: the one that has /etc, the
	 * largest when several have or, with no other kind of file system on
	 * the disk, when none has. A btrfs that has none in its default
	 * subvolume may have it in a subvolume at its top (Fedora's root,
	 * Ubuntu's @).
	 */
	const char *root;
	const char *temp_dir;		/* NULL: /tmp; path of 80 at most */
	unsigned deadline_ms;		/* for all of it; 0: the default */
	/*
	 * nova-lite-inject, which then does it in a process of its own: a
	 * disk from a stranger must not be parsed in the agent's memory.
	 * NULL: in this process.
	 */
	const char *program;
	/*
	 * A folder made by nova-lite-build-appliance, for what libext2fs
	 * cannot edit. NULL, or not there: that is not implemented.
	 */
	const char *appliance;
	bool kvm;			/* the appliance may run under KVM */
};

struct inject_report {
	/*
	 * Folders that injections made and that stand now: the new ones and
	 * what is left of the request's. They belong into the manifest.
	 */
	char **made;
	size_t nmade;
	/*
	 * Files in whose place there was another: removing them later does
	 * not bring the earlier contents back.
	 */
	bool *replaced;			/* one for each of adds */
	size_t nadded, nreplaced, nremoved;
	uint64_t bytes;			/* of the contents added */
	/* Time taken; serve: by daemon and file system, starting and ending. */
	usec_t serve, remove, add, flush;
};

void inject_report_fini(struct inject_report *r);

/*
 * Does what an inject_check'ed request says. Links are resolved as the guest
 * would, below its own root; a last component that is a link to nothing is
 * replaced. Missing folders are made, 0755 root:root. A file that takes the
 * place of another has none of its attributes, extended ones included. Only
 * the root file system is seen: what the guest mounts over its folders is not.
 *
 * The storage daemon and the appliance are started for this call and gone
 * after it, also when this process dies. The report is written on success
 * only; the caller finishes it. Fails, before the disk is changed, with
 *   CONFLICT         files do not fit (the first that does not is named), a
 *                    folder is where a file is to be or the reverse, links
 *                    go round in circles
 *   NOT_IMPLEMENTED  no file system that can be edited: damaged, to be checked
 *                    first, encrypted, of a kind that not even the appliance
 *                    knows; without one, all that needs it
 * and, with the top layer in an unknown state, with
 *   UNAVAILABLE      the deadline passed
 *   INTERNAL         the daemon or the file system failed
 * Blocks; any thread.
 */
int inject_apply(const struct inject_disk *disk,
		 const struct inject_request *rq,
		 const struct inject_options *options,
		 struct inject_report *report_r, struct err *e);

#endif
