/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/compute/image_fetch.h"
#include "nova-lite/compute/proc.h"

/* -- what a file is ------------------------------------------------------ */

/* The part of QEMU's docs/interop/qcow2.txt that we must know. */
struct qcow2_head {
	char magic[4];
	uint32_t version;
	uint64_t backing_offset;
	uint32_t backing_size, cluster_bits;
	uint64_t size;
	uint32_t crypt_method, l1_size;
	uint64_t l1_offset, refcount_offset;
	uint32_t refcount_clusters, nb_snapshots;
	uint64_t snapshots_offset, incompatible;
} __attribute__((packed));

enum { QCOW2_DATA_FILE = 1 << 2, UUID_LENGTH = 36 };

/* Of a delta: "BASE.FORMAT", a file beside it that is no delta itself. */
static int read_backing(int fd, const struct qcow2_head *h, struct image *i,
			struct err *e)
{
	uint32_t n = be32toh(h->backing_size);
	char name[64] = "";
	const char *slash = strrchr(i->path, '/');
	int folder = slash ? (int)(slash + 1 - i->path) : 0;
	const char *dot = name + UUID_LENGTH;

	if (n >= sizeof(name) || n <= UUID_LENGTH ||
	    pread(fd, name, n, be64toh(h->backing_offset)) != n ||
	    strspn(name, "0123456789abcdef-") != UUID_LENGTH ||
	    (strcmp(dot, ".qcow2") != 0 && strcmp(dot, ".raw") != 0))
		return err_set(e, ERR_BAD_REQUEST, "Image is not a delta over "
			       "another image.");
	snprintf(i->base, sizeof(i->base), "%.*s%s", folder, i->path, name);
	strcpy(i->base_format, dot[1] == 'q' ? "qcow2" : "raw");
	return 0;
}

static int check_qcow2(int fd, const struct qcow2_head *h, bool delta,
		       struct image *i, struct err *e)
{
	uint32_t version = be32toh(h->version);

	if (version != 2 && version != 3)
		return err_set(e, ERR_BAD_REQUEST, "Image is not a qcow2 of "
			       "version 2 or 3.");
	if (h->backing_offset && !delta)
		return err_set(e, ERR_BAD_REQUEST, "Image has a backing "
			       "file.");
	if (version == 3 && (be64toh(h->incompatible) & QCOW2_DATA_FILE))
		return err_set(e, ERR_BAD_REQUEST, "Image has an external "
			       "data file.");
	i->virtual_size = be64toh(h->size);
	return delta ? read_backing(fd, h, i, e) : 0;
}

static int inspect_fd(int fd, const char *format, struct image *i,
		      struct err *e)
{
	bool delta = strcmp(format, "delta") == 0;
	struct qcow2_head head = { 0 };
	struct stat st;
	bool qcow2;

	if (fstat(fd, &st) < 0 || pread(fd, &head, sizeof(head), 0) < 0)
		return err_errno(e, "%s", i->path);
	qcow2 = memcmp(head.magic, "QFI\xfb", 4) == 0;
	if (qcow2 != (delta || strcmp(format, "qcow2") == 0))
		return err_set(e, ERR_BAD_REQUEST, "Image is not in the "
			       "format that it claims, %s.", format);
	strcpy(i->format, qcow2 ? "qcow2" : "raw");
	if (qcow2)
		return check_qcow2(fd, &head, delta, i, e);
	i->virtual_size = (st.st_size + 511) / 512 * 512;
	return 0;
}

int image_inspect(const char *path, const char *format,
		  struct image *image_r, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image i = { 0 };

	if (fd < 0)
		return err_errno(e, "%s", path);
	snprintf(i.path, sizeof(i.path), "%s", path);
	if (inspect_fd(fd, format, &i, e) < 0)
		return -1;
	*image_r = i;
	return 0;
}

/* -- the cache ----------------------------------------------------------- */

static const char *const suffixes[] = { "qcow2", "raw", "delta" };

/* The suffix under which it is there, or NULL. */
static const char *find(const struct image_cache *c, const char *id,
			char path_r[IMAGE_PATH_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(path_r, IMAGE_PATH_MAX, "%s/%s.%s", c->dir, id,
			 suffixes[i]);
		if (access(path_r, R_OK) == 0)
			return suffixes[i];
	}
	return NULL;
}

bool image_cached(const struct image_cache *c, const char *id)
{
	char path[IMAGE_PATH_MAX];

	return find(c, id, path) != NULL;
}

void image_forget(const struct image_cache *c, const char *id)
{
	char path[IMAGE_PATH_MAX];

	if (find(c, id, path))
		unlink(path);
}

static int fetch_missing(void *arg, struct err *e)
{
	struct image_fetch *f = arg;

	return image_cached(f->cache, f->id) ? 0 : image_fetch(f, e);
}

int image_get(struct image_cache *c, const char *id, struct image *image_r,
	      struct err *e)
{
	struct image_fetch f = { c, id, 0 };
	usec_t since = usec_monotonic();
	char path[IMAGE_PATH_MAX];
	const char *suffix;

	if (!image_cached(c, id) &&
	    flight_do(c->flight, id, fetch_missing, &f, e) < 0)
		return -1;
	suffix = find(c, id, path);
	if (!suffix)
		return err_internal(e, "image %s left the cache", id);
	if (image_inspect(path, suffix, image_r, e) < 0)
		return -1;
	image_r->fetched = f.bytes;
	image_r->took = f.bytes ? usec_monotonic() - since : 0;
	return 0;
}

static int sync_dir(const char *path, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY |
					       O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, "%s", path);
	return 0;
}

int image_place(const struct image_cache *c, const char *id,
		const char *suffix, const char *temp, struct err *e)
{
	char path[IMAGE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.%s", c->dir, id, suffix);
	if (rename(temp, path) < 0)
		return err_errno(e, "%s", path);
	return sync_dir(c->dir, e);
}

/* A name without folder: the cache may be moved as a whole. */
static int set_backing(const char *temp, const struct image *base,
		       struct err *e)
{
	const char *name = strrchr(base->path, '/') + 1;
	const char *argv[] = { "qemu-img", "rebase", "-u", "-f", "qcow2", "-b",
			       name, "-F", base->format, temp, NULL };

	return proc_run(argv, e);
}

int image_take_delta(struct image_cache *c, const char *id, const char *temp,
		     const struct image *base, struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct image ignored;

	if (base->base[0])
		return err_set(e, ERR_CONFLICT, "Image %s would be a delta "
			       "over a delta.", id);
	if (set_backing(temp, base, e) < 0 ||
	    image_inspect(temp, "delta", &ignored, e) < 0)
		return -1;
	fd = open(temp, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0444) < 0 || fsync(fd) < 0)
		return err_errno(e, "%s", temp);
	return image_place(c, id, "delta", temp, e);
}

/* fn with each name of the folder and its suffix. */
static void each_file(const struct image_cache *c,
		      void (*fn)(const struct image_cache *c,
				 const char *name, const char *suffix,
				 void *arg), void *arg)
{
	DIR *d = opendir(c->dir);
	struct dirent *de;
	const char *dot;

	while (d && (de = readdir(d))) {
		dot = strrchr(de->d_name, '.');
		if (dot)
			fn(c, de->d_name, dot + 1, arg);
	}
	if (d)
		closedir(d);
}

static void remove_part(const struct image_cache *c, const char *name,
			const char *suffix, void *arg)
{
	char path[IMAGE_PATH_MAX];

	(void)arg;
	if (strcmp(suffix, "part") != 0)
		return;
	snprintf(path, sizeof(path), "%s/%.255s", c->dir, name);
	unlink(path);
}

void image_cache_clean(const struct image_cache *c)
{
	each_file(c, remove_part, NULL);
}

struct listing {
	void (*fn)(const char *id, void *arg);
	void *arg;
};

static void list_image(const struct image_cache *c, const char *name,
		       const char *suffix, void *arg)
{
	struct listing *l = arg;
	char id[GLANCE_ID_SIZE];

	(void)c;
	if (suffix != name + UUID_LENGTH + 1 || strcmp(suffix, "part") == 0)
		return;
	snprintf(id, sizeof(id), "%.36s", name);
	l->fn(id, l->arg);
}

void image_cache_list(const struct image_cache *c,
		      void (*fn)(const char *id, void *arg), void *arg)
{
	struct listing l = { fn, arg };

	each_file(c, list_image, &l);
}
