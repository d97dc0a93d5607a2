/* SPDX-License-Identifier: Apache-2.0 */
/* Images on their way from the Image service into the cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "nova-lite/compute/image_fetch.h"
#include "nova-lite/compute/proc.h"

/* -- bytes --------------------------------------------------------------- */

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

static int broken(const struct sink *s, const char *id, struct err *e)
{
	if (!s->error)
		return -1;
	errno = s->error;
	return err_errno(e, "image %s", id);
}

void image_digest_text(struct digest *d, char out_r[GLANCE_DIGEST_SIZE])
{
	char hex[DIGEST_HEX_SIZE], text[BASE64_TEXT_SIZE(DIGEST_MAX_SIZE)];
	uint8_t md[DIGEST_MAX_SIZE];

	digest_hex(d, hex);
	hex_decode(md, sizeof(md), hex, 2 * sizeof(md));
	base64_encode(BASE64_STD, text, md, sizeof(md));
	snprintf(out_r, GLANCE_DIGEST_SIZE, "sha-512=:%s:", text);
}

/* It is complete: never written again, and on the disk. */
static int seal(int fd, const char *id, struct err *e)
{
	if (fchmod(fd, 0444) < 0 || fsync(fd) < 0)
		return err_errno(e, "image %s", id);
	return 0;
}

static int differs(const char *id, const char *want, const char *got,
		   struct err *e)
{
	return err_internal(e, "image %s has the digest %s, not %s", id, got,
			    want);
}

/* -- complete images ------------------------------------------------------ */

static int verify(struct sink *s, const struct glance_image *want,
		  const char *id, struct err *e)
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&s->digest, hex);
	if (s->size != want->size)
		return err_internal(e, "image %s has %lld bytes, not %lld", id,
				    (long long)s->size, (long long)want->size);
	return strcmp(hex, want->hash) == 0 ? 0 :
	       differs(id, want->hash, hex, e);
}

static int read_whole(struct image_fetch *f, int fd,
		      const struct glance_image *want, struct err *e)
{
	struct sink s = { .fd = fd };
	const struct glance_sink to = { sink_write, &s };
	enum digest_kind kind;
	int r;

	if (hash_kind(want->hash_algo, &kind) < 0)
		return err_internal(e, "image %s: no hash that we know (%s)",
				    f->id, want->hash_algo);
	digest_init(&s.digest, kind);
	r = glance_image_read(f->cache->glance, f->id, &to, e);
	r = r < 0 ? broken(&s, f->id, e) : verify(&s, want, f->id, e);
	digest_fini(&s.digest);
	f->bytes += s.size;
	return r;
}

/* A CD is bytes like any other disk, and so are kernels and RAM disks. */
static const char *format_of(const char *disk_format)
{
	static const char *const raw[] = { "raw", "iso", "aki", "ari" };

	for (size_t i = 0; i < ARRAY_LEN(raw); i++)
		if (strcmp(disk_format, raw[i]) == 0)
			return "raw";
	return strcmp(disk_format, "qcow2") == 0 ? "qcow2" : NULL;
}

static int whole(struct image_fetch *f, int fd, const char *temp,
		 const struct glance_image *want, struct err *e)
{
	const char *format = format_of(want->disk_format);
	struct image ignored;

	if (!format)
		return err_set(e, ERR_BAD_REQUEST, "Image %s is unacceptable: "
			       "Disk format %s is not supported", f->id,
			       want->disk_format);
	if (read_whole(f, fd, want, e) < 0 ||
	    image_inspect(temp, format, &ignored, e) < 0 ||
	    seal(fd, f->id, e) < 0)
		return -1;
	return image_place(f->cache, f->id, format, temp, e);
}

/* -- deltas --------------------------------------------------------------- */

static int check_digest(struct sink *s, const char *want, const char *id,
			struct err *e)
{
	char got[GLANCE_DIGEST_SIZE];

	image_digest_text(&s->digest, got);
	return strcmp(got, want) == 0 ? 0 : differs(id, want, got, e);
}

static int read_delta(struct image_fetch *f, int fd, struct err *e)
{
	char digest[GLANCE_DIGEST_SIZE];
	struct sink s = { .fd = fd };
	const struct glance_sink to = { sink_write, &s };
	int r;

	digest_init(&s.digest, DIGEST_SHA512);
	r = glance_delta_read(f->cache->glance, f->id, &to, digest, e);
	r = r < 0 ? broken(&s, f->id, e) :
		    check_digest(&s, digest, f->id, e);
	digest_fini(&s.digest);
	f->bytes += s.size;
	return r;
}

static int delta(struct image_fetch *f, int fd, const char *temp,
		 const char *base_id, struct err *e)
{
	struct image base;

	if (read_delta(f, fd, e) < 0 ||
	    image_get(f->cache, base_id, &base, e) < 0)
		return -1;
	f->bytes += base.fetched;
	return image_take_delta(f->cache, f->id, temp, &base, e);
}

/* -- either --------------------------------------------------------------- */

/* As a delta where the image is stored so, because that is less to move. */
static int fetch_to(struct image_fetch *f, int fd, const char *temp,
		    struct err *e)
{
	struct glance_image want;
	struct err why;

	if (glance_image_show(f->cache->glance, f->id, &want, e) < 0)
		return -1;
	if (strcmp(want.status, "active") != 0)
		return err_set(e, ERR_CONFLICT, "Image %s is not active.",
			       f->id);
	if (!want.base_image[0])
		return whole(f, fd, temp, &want, e);
	if (delta(f, fd, temp, want.base_image, &why) == 0)
		return 0;
	if (why.kind != ERR_NOT_FOUND) {
		*e = why;
		return -1;
	}
	/* complete by now, with a hash */
	if (glance_image_show(f->cache->glance, f->id, &want, e) < 0)
		return -1;
	return whole(f, fd, temp, &want, e);
}

int image_fetch(struct image_fetch *f, struct err *e)
{
	_cleanup_(cleanup_free) char *temp = xasprintf("%s/%s.part",
						       f->cache->dir, f->id);
	_cleanup_(cleanup_close) int fd = open(temp, O_RDWR | O_CREAT |
					       O_TRUNC | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_errno(e, "%s", temp);
	r = fetch_to(f, fd, temp, e);
	if (r < 0)
		unlink(temp);
	return r;
}
