/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_SET_H
#define GLANCE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/mem.h"
#include "common/json/in.h"
#include "common/json/out.h"

/*
 * A set of files that stand in an image on top of its base.
 *
 * Canonical form: for each file one record, the records in ascending order of
 * the paths' bytes. A record is
 *
 *	SHA256 SP SIZE SP MODE SP UID SP GID SP PATH NUL
 *
 * where SHA256 is that of the contents in 64 lower-case hex digits, the
 * numbers are decimal without leading zeros (MODE too: 0644 is 420), SP is
 * one space, PATH is in UTF-8 as given. The digest of a set is the SHA-256 of
 * its canonical form in lower-case hex; that of the empty set is e3b0c442...
 * The key of a file is the SHA-256 of its record alone: two files are the
 * same if and only if contents, path, mode and owners are.
 */
enum {
	SET_FILES_MAX = 1024,
	SET_PATH_MAX = 4095,		/* bytes; each name at most 255 */
};
#define SET_BYTES_MAX (1LL << 40)
#define SET_HEX_SIZE 65			/* a SHA-256 as a string */

struct set_file {
	const char *path, *sha256;
	int64_t size, mode, uid, gid;
	char key[SET_HEX_SIZE];
};

struct set {
	struct set_file *files;		/* in order of path */
	size_t n;
	int64_t size;			/* bytes of all files */
	char digest[SET_HEX_SIZE];
};

extern const struct jfield set_file_fields[];
extern const char set_empty_digest[SET_HEX_SIZE];

/*
 * Reads [{"path", "sha256", "size", "mode", "uid", "gid"} ...]; the last
 * three may be absent (0644 root:root). where names the array in errors:
 * BAD_REQUEST for a path that is relative or not in its shortest form, names
 * beyond 255 bytes, a path that is there twice or is both a file and a
 * directory; TOO_LARGE beyond the limits above. Strings are borrowed from the
 * array, the files live in the arena.
 */
int set_parse(json_t *array, const char *where, struct arena *arena,
	      struct set *set_r, struct err *e);

/* One file as an object of an open array; n of them as an array. */
void set_file_write(struct jw *w, const struct set_file *f);
void set_files_write(struct jw *w, const char *key,
		     const struct set_file *const *files, size_t n);

/* Those of a that b has not, in order of path; out_r has room for a->n. */
size_t set_minus(const struct set *a, const struct set *b,
		 const struct set_file **out_r);

#endif
