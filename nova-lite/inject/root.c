/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/inject/root.h"

#include <endian.h>
#include <et/com_err.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/table.h"

/*
 * Features under which every structure that an injection touches has been
 * checked by e2fsck afterwards. Quota accounts, multi-mount protection,
 * shared blocks and attributes in inodes of their own need more than this.
 */
#define KNOWN_INCOMPAT (EXT2_FEATURE_INCOMPAT_FILETYPE | \
	EXT2_FEATURE_INCOMPAT_META_BG | EXT3_FEATURE_INCOMPAT_EXTENTS | \
	EXT4_FEATURE_INCOMPAT_64BIT | EXT4_FEATURE_INCOMPAT_FLEX_BG | \
	EXT4_FEATURE_INCOMPAT_CSUM_SEED | EXT4_FEATURE_INCOMPAT_LARGEDIR)
#define KNOWN_RO_COMPAT (EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | \
	EXT2_FEATURE_RO_COMPAT_LARGE_FILE | \
	EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_GDT_CSUM | \
	EXT4_FEATURE_RO_COMPAT_DIR_NLINK | \
	EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE | \
	EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)

enum kind { KIND_NONE, KIND_EXT, KIND_OTHER };

struct candidate {
	struct volume volume;
	enum kind kind;
	struct ext2_super_block super;
	bool has_etc;
};

int root_failed(const struct root *root, const char *what, errcode_t code,
		struct err *e)
{
	const struct cache *c = root->volume.cache;

	if (c->err.kind != ERR_NONE) {
		*e = c->err;
		return -1;
	}
	return err_internal(e, "inject: %s: %s", what, error_message(code));
}

/* -- what a volume holds -------------------------------------------------- */

static const struct { uint32_t at; const char *magic; } others[] = {
	{ 0, "XFSB" },
	{ 0x10040, "_BHRfS_M" },		/* btrfs */
	{ 0x218, "LVM2 001" },
	{ 0, "LUKS\xba\xbe" },
	{ 0x400, "\x10\x20\xf5\xf2" },		/* F2FS */
};

static int is_other(struct volume *v, bool *is_r)
{
	char got[8];
	size_t i, n;

	*is_r = false;
	for (i = 0; i < ARRAY_LEN(others) && !*is_r; i++) {
		n = strlen(others[i].magic);
		if (v->size < others[i].at + n)
			continue;
		if (cache_read(v->cache, v->at + others[i].at, got, n) < 0)
			return -1;
		*is_r = memcmp(got, others[i].magic, n) == 0;
	}
	return 0;
}

static bool inode_size_is_sane(const struct ext2_super_block *s, uint32_t block)
{
	uint32_t size = le32toh(s->s_rev_level) ? le16toh(s->s_inode_size) :
		EXT2_GOOD_OLD_INODE_SIZE;

	return size >= EXT2_GOOD_OLD_INODE_SIZE && size <= block &&
		(size & (size - 1)) == 0;
}

/*
 * libext2fs allocates and copies by these numbers before it compares them
 * with the disk or with each other (a fuzzer writes past its bitmaps): what
 * mke2fs would not write is no file system to us.
 */
static bool is_sane(const struct ext2_super_block *s, uint64_t size)
{
	uint32_t log = le32toh(s->s_log_block_size);
	uint32_t cluster = le32toh(s->s_log_cluster_size) - log;
	uint32_t first = log == 0 && cluster == 0;
	uint32_t bits = 8192u << (log & 7);
	uint32_t per_group = le32toh(s->s_blocks_per_group);
	uint32_t inodes = le32toh(s->s_inodes_per_group);
	bool wide = le32toh(s->s_feature_incompat) &
		EXT4_FEATURE_INCOMPAT_64BIT;
	uint64_t blocks = le32toh(s->s_blocks_count), groups;

	if (wide)
		blocks |= (uint64_t)le32toh(s->s_blocks_count_hi) << 32;
	/* Clusters (bigalloc): a bit of a bitmap is for more than a block. */
	if (log > 6 || cluster > 16 || blocks > size >> (10 + log) ||
	    blocks <= first || le32toh(s->s_first_data_block) != first)
		return false;
	if (per_group < 256 || per_group > (uint64_t)bits << cluster ||
	    per_group % 8 || (wide && le16toh(s->s_desc_size) != 64))
		return false;
	groups = (blocks - first + per_group - 1) / per_group;
	return inodes >= 8 && inodes <= bits && inodes % 8 == 0 &&
		le32toh(s->s_inodes_count) == groups * inodes &&
		inode_size_is_sane(s, 1024u << log);
}

static int probe(struct candidate *c)
{
	struct volume *v = &c->volume;
	bool other;

	c->kind = KIND_NONE;
	if (v->size < 2048)
		return 0;
	if (cache_read(v->cache, v->at + 1024, &c->super,
		       sizeof(c->super)) < 0)
		return -1;
	if (le16toh(c->super.s_magic) == EXT2_SUPER_MAGIC &&
	    is_sane(&c->super, v->size)) {
		c->kind = KIND_EXT;
		return 0;
	}
	if (is_other(v, &other) < 0)
		return -1;
	c->kind = other ? KIND_OTHER : KIND_NONE;
	return 0;
}

static void look_for_etc(struct candidate *c)
{
	struct ext2_inode inode;
	ext2_filsys fs;
	ext2_ino_t ino;

	if (volume_open(&c->volume, &fs) != 0)
		return;
	c->has_etc = ext2fs_lookup(fs, EXT2_ROOT_INO, "etc", 3, NULL,
				   &ino) == 0 &&
		ext2fs_read_inode(fs, ino, &inode) == 0 &&
		LINUX_S_ISDIR(inode.i_mode);
	ext2fs_free(fs);
}

/* -- which it is ---------------------------------------------------------- */

static int table_from_cache(void *arg, uint64_t at, void *data, size_t n)
{
	return cache_read(arg, at, data, n);
}

/*
 * The partitions; the whole disk where none of them holds anything, because
 * a table may have been laid over the remains of a file system.
 */
static int find_all(struct cache *c, struct candidate *all, int *n_r)
{
	struct table_source src = { table_from_cache, c, c->disk->size };
	struct table_part parts[TABLE_PARTS];
	int i, n = table_read(&src, parts), found = 0;

	if (n < 0)
		return -1;
	for (i = 0; i < n; i++) {
		all[i] = (struct candidate){
			.volume = { c, parts[i].at, parts[i].size } };
		if (probe(&all[i]) < 0)
			return -1;
		found += all[i].kind != KIND_NONE;
	}
	if (!found) {
		n = 1;
		all[0] = (struct candidate){ .volume = { c, 0,
							 c->disk->size } };
		if (probe(&all[0]) < 0)
			return -1;
	}
	*n_r = n;
	return 0;
}

static bool is_named(const struct candidate *c, const char *name)
{
	const uint8_t *u = c->super.s_uuid;
	char uuid[37];

	snprintf(uuid, sizeof(uuid), "%02x%02x%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3],
		 u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
		 u[13], u[14], u[15]);
	return strcasecmp(name, uuid) == 0 ||
		strncmp((const char *)c->super.s_volume_name, name,
			sizeof(c->super.s_volume_name)) == 0;
}

/* With /etc before without, then by size. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (!b || a->has_etc != b->has_etc)
		return !b || a->has_etc;
	return a->volume.size > b->volume.size;
}

static const struct candidate *choose(struct candidate *all, int n,
				      const char *name)
{
	const struct candidate *best = NULL;
	bool others_too = false;
	int i;

	for (i = 0; i < n; i++) {
		others_too |= all[i].kind == KIND_OTHER;
		if (all[i].kind != KIND_EXT ||
		    (name && !is_named(&all[i], name)))
			continue;
		look_for_etc(&all[i]);
		if (is_better(&all[i], best))
			best = &all[i];
	}
	/* What is left may be /boot beside a root of another kind. */
	if (best && !name && others_too && !best->has_etc)
		return NULL;
	return best;
}

/* -- opening it ----------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void error_texts(void)
{
	initialize_ext2_error_table();
}

static const char *why_not(const struct ext2_super_block *s)
{
	uint32_t incompat = s->s_feature_incompat;
	uint32_t ro_compat = s->s_feature_ro_compat;

	if (incompat & EXT3_FEATURE_INCOMPAT_RECOVER ||
	    ro_compat & EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT ||
	    s->s_last_orphan)
		return "has a journal that must be replayed first";
	if (incompat & ~KNOWN_INCOMPAT || ro_compat & ~KNOWN_RO_COMPAT)
		return "has features that cannot be edited offline";
	if (!(s->s_state & EXT2_VALID_FS) || s->s_state & EXT2_ERROR_FS)
		return "must be checked first";
	return NULL;
}

/* Kernels replay journals and know all features, but repair nothing. */
static bool is_for_a_kernel(const struct ext2_super_block *s)
{
	return s->s_state & EXT2_VALID_FS && !(s->s_state & EXT2_ERROR_FS);
}

static int open_chosen(struct root *root, struct err *e)
{
	errcode_t rc = volume_open(&root->volume, &root->fs);
	const char *reason;

	if (rc) {
		root->for_a_kernel = true;
		root_failed(root, "open", rc, e);
		return root->volume.cache->err.kind != ERR_NONE ? -1 :
			err_set(e, ERR_NOT_IMPLEMENTED, "The root file system "
				"cannot be read: %s.", error_message(rc));
	}
	reason = why_not(root->fs->super);
	if (reason) {
		root->for_a_kernel = is_for_a_kernel(root->fs->super);
		ext2fs_free(root->fs);
		return err_set(e, ERR_NOT_IMPLEMENTED,
			       "The root file system %s.", reason);
	}
	/* As the kernel: copies of the superblock are for emergencies. */
	root->fs->flags |= EXT2_FLAG_MASTER_SB_ONLY;
	root->fs->umask = 022;
	rc = ext2fs_read_bitmaps(root->fs);
	if (rc) {
		root_failed(root, "bitmaps", rc, e);
		ext2fs_free(root->fs);
		return -1;
	}
	return 0;
}

static bool is_something(const struct candidate *all, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (all[i].kind != KIND_NONE)
			return true;
	return false;
}

int root_open(struct cache *c, const char *name, struct root *root_r,
	      struct err *e)
{
	_cleanup_(cleanup_free) struct candidate *all =
		xcalloc(TABLE_PARTS, sizeof(*all));
	struct root root = { .volume.cache = c };
	const struct candidate *chosen;
	int n;

	root_r->for_a_kernel = false;
	pthread_once(&once, error_texts);
	if (find_all(c, all, &n) < 0)
		return root_failed(&root, "partitions", EXT2_ET_SHORT_READ, e);
	chosen = choose(all, n, name);
	if (c->err.kind != ERR_NONE)
		return root_failed(&root, "partitions", EXT2_ET_SHORT_READ, e);
	if (!chosen) {
		root_r->for_a_kernel = is_something(all, n);
		return err_set(e, ERR_NOT_IMPLEMENTED, "The disk has no root "
			       "file system that files can be put into.");
	}
	/* libext2fs keeps the address of the volume. */
	root_r->volume = chosen->volume;
	return open_chosen(root_r, e);
}

void root_close(struct root *root)
{
	ext2fs_free(root->fs);
}
