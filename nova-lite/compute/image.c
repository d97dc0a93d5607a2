/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "nova-lite/compute/image.h"

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

enum { QCOW2_DATA_FILE = 1 << 2 };

static int check_qcow2(const struct qcow2_head *h, struct image *i,
		       struct err *e)
{
	uint32_t version = be32toh(h->version);

	if (version != 2 && version != 3)
		return err_set(e, ERR_BAD_REQUEST, "Image is not a qcow2 of "
			       "version 2 or 3.");
	if (h->backing_offset)
		return err_set(e, ERR_BAD_REQUEST, "Image has a backing "
			       "file.");
	if (version == 3 && (be64toh(h->incompatible) & QCOW2_DATA_FILE))
		return err_set(e, ERR_BAD_REQUEST, "Image has an external "
			       "data file.");
	i->virtual_size = be64toh(h->size);
	return 0;
}

static int inspect_fd(int fd, struct image *i, struct err *e)
{
	struct qcow2_head head = { 0 };
	struct stat st;
	bool qcow2;

	if (fstat(fd, &st) < 0 || pread(fd, &head, sizeof(head), 0) < 0)
		return err_errno(e, "%s", i->path);
	qcow2 = memcmp(head.magic, "QFI\xfb", 4) == 0;
	if (qcow2 != (strcmp(i->format, "qcow2") == 0))
		return err_set(e, ERR_BAD_REQUEST, "Image is not in the "
			       "format that it claims, %s.", i->format);
	if (qcow2)
		return check_qcow2(&head, i, e);
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
	snprintf(i.format, sizeof(i.format), "%s", format);
	if (inspect_fd(fd, &i, e) < 0)
		return -1;
	*image_r = i;
	return 0;
}

/* -- bringing it here ---------------------------------------------------- */

static int hash_kind(const char *name, enum digest_kind *kind_r)
{
	static const struct { const char *name; enum digest_kind kind; }
	kinds[] = { { "md5", DIGEST_MD5 }, { "sha1", DIGEST_SHA1 },
		    { "sha256", DIGEST_SHA256 }, { "sha512", DIGEST_SHA512 } };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			*kind_r = kinds[i].kind;
			return 0;
		}
	}
	return -1;
}

struct sink {
	int fd;
	struct digest digest;
	int64_t size;
	int error;
};

static int sink_write(const void *data, size_t n, void *arg)
{
	struct sink *s = arg;
	const char *p = data;
	ssize_t done;

	digest_update(&s->digest, data, n);
	s->size += n;
	while (n > 0) {
		done = write(s->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			s->error = errno;
			return -1;
		}
		p += done;
		n -= done;
	}
	return 0;
}

static int verify(struct sink *s, const struct glance_image *want,
		  const char *id, struct err *e)
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&s->digest, hex);
	if (s->size != want->size)
		return err_internal(e, "image %s has %lld bytes, not %lld", id,
				    (long long)s->size, (long long)want->size);
	if (strcmp(hex, want->hash) != 0)
		return err_internal(e, "image %s has the %s %s, not %s", id,
				    want->hash_algo, hex, want->hash);
	if (fchmod(s->fd, 0444) < 0 || fsync(s->fd) < 0)
		return err_errno(e, "image %s", id);
	return 0;
}

static int download_to(struct image_cache *c, const char *id, int fd,
		       const struct glance_image *want, struct err *e)
{
	struct sink s = { .fd = fd };
	enum digest_kind kind;
	int r;

	if (hash_kind(want->hash_algo, &kind) < 0)
		return err_internal(e, "image %s: no hash that we know (%s)",
				    id, want->hash_algo);
	digest_init(&s.digest, kind);
	r = glance_image_read(c->glance, id, sink_write, &s, e);
	if (r < 0 && s.error) {
		errno = s.error;
		err_errno(e, "image %s", id);
	}
	if (r == 0)
		r = verify(&s, want, id, e);
	digest_fini(&s.digest);
	return r;
}

static int sync_dir(const char *path, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY |
					       O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, "%s", path);
	return 0;
}

static int fetch_as(struct image_cache *c, const char *id,
		    const struct glance_image *want, const char *format,
		    struct err *e)
{
	_cleanup_(cleanup_free) char *path =
		xasprintf("%s/%s.%s", c->dir, id, format);
	_cleanup_(cleanup_free) char *temp = xasprintf("%s/%s.part", c->dir,
						       id);
	_cleanup_(cleanup_close) int fd = open(temp, O_RDWR | O_CREAT |
					       O_TRUNC | O_CLOEXEC, 0600);
	struct image ignored;

	if (fd < 0)
		return err_errno(e, "%s", temp);
	if (download_to(c, id, fd, want, e) < 0 ||
	    image_inspect(temp, format, &ignored, e) < 0) {
		unlink(temp);
		return -1;
	}
	if (rename(temp, path) < 0)
		return err_errno(e, "%s", path);
	return sync_dir(c->dir, e);
}

/* A CD image is bytes like any other disk's. */
static const char *format_of(const char *disk_format)
{
	if (strcmp(disk_format, "qcow2") == 0)
		return "qcow2";
	if (strcmp(disk_format, "raw") == 0 || strcmp(disk_format, "iso") == 0)
		return "raw";
	return NULL;
}

static int fetch(struct image_cache *c, const char *id, struct err *e)
{
	struct glance_image want;
	const char *format;

	if (glance_image_show(c->glance, id, &want, e) < 0)
		return -1;
	format = format_of(want.disk_format);
	if (!format)
		return err_set(e, ERR_BAD_REQUEST, "Image %s is unacceptable: "
			       "Disk format %s is not supported", id,
			       want.disk_format);
	return fetch_as(c, id, &want, format, e);
}

/* -- the cache ----------------------------------------------------------- */

static bool find(const struct image_cache *c, const char *id, char *path,
		 const char **format_r)
{
	static const char *const formats[] = { "qcow2", "raw" };

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		snprintf(path, sizeof(((struct image *)0)->path), "%s/%s.%s",
			 c->dir, id, formats[i]);
		*format_r = formats[i];
		if (access(path, R_OK) == 0)
			return true;
	}
	return false;
}

struct wanted {
	struct image_cache *cache;
	const char *id;
};

static int fetch_missing(void *arg, struct err *e)
{
	struct wanted *w = arg;
	char path[512];
	const char *format;

	if (find(w->cache, w->id, path, &format))
		return 0;
	return fetch(w->cache, w->id, e);
}

int image_get(struct image_cache *c, const char *id, struct image *image_r,
	      struct err *e)
{
	struct wanted w = { c, id };
	const char *format;
	char path[512];

	if (!find(c, id, path, &format)) {
		if (flight_do(c->flight, id, fetch_missing, &w, e) < 0)
			return -1;
		if (!find(c, id, path, &format))
			return err_internal(e, "image %s left the cache", id);
	}
	return image_inspect(path, format, image_r, e);
}
