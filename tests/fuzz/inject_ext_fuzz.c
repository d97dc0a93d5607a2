/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes file systems that mean harm: bytes of a good one are changed where
 * the input says so, and files are put in, replaced and removed. Nothing but
 * the disk is checked: it is never read or written beyond its end, and every
 * way through comes to an end.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/ext.h"
#include "nova-lite/inject/walk.h"

#define SIZE (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char good[SIZE], image[SIZE];

/* In place of the room's disk: memory. */
int disk_read(struct disk *d, uint64_t at, void *data, size_t n,
	      struct err *e)
{
	(void)e;
	assert(at <= d->size && n <= d->size - at);
	memcpy(data, image + at, n);
	return 0;
}

int disk_write(struct disk *d, uint64_t at, const void *data, size_t n,
	       struct err *e)
{
	(void)e;
	assert(at <= d->size && n <= d->size - at);
	memcpy(image + at, data, n);
	return 0;
}

int disk_zero(struct disk *d, uint64_t at, uint64_t n, struct err *e)
{
	(void)e;
	assert(at <= d->size && n <= d->size - at);
	memset(image + at, 0, n);
	return 0;
}

int disk_sync(struct disk *d, struct err *e)
{
	(void)d, (void)e;
	return 0;
}

int disk_flush(struct disk *d, struct err *e)
{
	(void)d, (void)e;
	return 0;
}

static void make_good(void)
{
	char dir[] = "/tmp/inject-fuzz-XXXXXX";
	_cleanup_(cleanup_free) char *command = NULL, *path = NULL;
	FILE *f;

	if (!mkdtemp(dir))
		abort();
	path = xasprintf("%s/fs", dir);
	command = xasprintf("cd %s && mkdir -p t/etc/d t/big && "
			    "echo x >t/etc/passwd && ln -s /etc t/link && "
			    "ln -s $(printf %%0100d 0) t/etc/long && "
			    "head -c 50000 /dev/zero >t/big/f && "
			    "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -F -t ext4 "
			    "-O ^metadata_csum,^has_journal -d t fs 1M "
			    ">/dev/null && rm -r t", dir);
	if (system(command) != 0)
		abort();
	f = fopen(path, "r");
	if (!f || fread(good, 1, SIZE, f) != SIZE)
		abort();
	fclose(f);
	unlink(path);
	rmdir(dir);
}

static void remove_one(struct tree *t, const char *path)
{
	struct walk walk = { .tree = t };
	struct place p;
	struct err e;
	bool removed;

	if (walk_path(&walk, path, &p, &e) < 0 || !p.node.id)
		return;
	if (S_ISDIR(p.node.mode))
		t->ops->remove_folder(t, &p, &removed, &e);
	else
		t->ops->remove(t, &p, &e);
}

static void add_one(struct tree *t, const char *path)
{
	struct folders made = { 0 };
	struct walk walk = { t, WALK_MAKE, &made };
	struct inject_file f = { .path = path, .data = good, .size = 9000 };
	struct place p;
	struct err e;

	if (walk_path(&walk, path, &p, &e) == 0 && !S_ISDIR(p.node.mode))
		t->ops->add(t, &p, &f, &e);
	folders_fini(&made);
}

static void use(struct root *root)
{
	struct ext_tree ext;
	struct tree *t = &ext.tree;

	ext_tree_init(&ext, root);
	remove_one(t, "/etc/long");
	remove_one(t, "/big/f");
	remove_one(t, "/big");
	add_one(t, "/etc/passwd");
	add_one(t, "/link/new/a");
	add_one(t, "/etc/d/b");
	ext2fs_flush(root->fs);
	ext_tree_fini(&ext);
}

/* Superblock, descriptors, inodes and folders all lie in the first 128 KiB. */
static size_t where(const uint8_t *data)
{
	size_t at = data[0] | data[1] << 8;

	if (data[2] & 2)
		return 1024 + at % 1024;
	return 1024 + at + (data[2] & 1) * 65536;
}

/* Four bytes each: where (three) and what to put there. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct disk disk = { .size = SIZE };
	static struct cache cache;
	struct root root;
	struct err e;

	if (!good[1080])
		make_good();
	memcpy(image, good, SIZE);
	for (; size >= 4; size -= 4, data += 4)
		image[where(data)] = data[3];
	disk.deadline = usec_monotonic() + 2 * USEC_PER_SEC;
	cache_init(&cache, &disk);
	if (root_open(&cache, NULL, &root, &e) == 0) {
		use(&root);
		cache_flush(&cache);
		root_close(&root);
	}
	cache_fini(&cache);
	return 0;
}
