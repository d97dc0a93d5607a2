/* SPDX-License-Identifier: Apache-2.0 */
/* Images that are looked at again before they are used. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "nova-lite/compute/image.h"

/* Files that were found to be what they should be, since we live: as long as
 * nobody wrote to them they still are. */
struct vouched {
	struct vouched *next;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

static struct {
	pthread_mutex_t lock;
	struct vouched *first;
} known = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_same(const struct vouched *v, const struct stat *st)
{
	return v->dev == st->st_dev && v->ino == st->st_ino &&
	       v->size == st->st_size &&
	       memcmp(&v->mtime, &st->st_mtim, sizeof(v->mtime)) == 0;
}

static bool is_vouched(const struct stat *st)
{
	bool found = false;

	pthread_mutex_lock(&known.lock);
	for (struct vouched *v = known.first; v && !found; v = v->next)
		found = is_same(v, st);
	pthread_mutex_unlock(&known.lock);
	return found;
}

/* In place of what had the file's number before. */
static void vouch(const struct stat *st)
{
	struct vouched *v;

	pthread_mutex_lock(&known.lock);
	for (v = known.first; v; v = v->next)
		if (v->dev == st->st_dev && v->ino == st->st_ino)
			break;
	if (!v) {
		v = xcalloc(1, sizeof(*v));
		v->next = known.first;
		known.first = v;
	}
	v->dev = st->st_dev;
	v->ino = st->st_ino;
	v->size = st->st_size;
	v->mtime = st->st_mtim;
	pthread_mutex_unlock(&known.lock);
}

static int read_digest(int fd, char hex_r[DIGEST_HEX_SIZE])
{
	_cleanup_(cleanup_free) char *data = xmalloc(1 << 18);
	struct digest d;
	off_t at = 0;
	ssize_t n;

	digest_init(&d, DIGEST_SHA512);
	while ((n = pread(fd, data, 1 << 18, at)) > 0) {
		digest_update(&d, data, (size_t)n);
		at += n;
	}
	digest_hex(&d, hex_r);
	digest_fini(&d);
	return n < 0 ? -1 : 0;
}

/* 1: it is what it should be; 0: not any more. */
static int check(const struct image *image, const char *sha512,
		 struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(image->path, O_RDONLY |
					       O_CLOEXEC);
	char hex[DIGEST_HEX_SIZE];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, "%s", image->path);
	if (is_vouched(&st))
		return 1;
	/* What was just brought was looked at on its way. */
	if (!image->fetched && read_digest(fd, hex) < 0)
		return err_errno(e, "%s", image->path);
	if (!image->fetched && strcmp(hex, sha512) != 0)
		return 0;
	vouch(&st);
	return 1;
}

int image_get_checked(struct image_cache *c, const char *id,
		      const char *sha512, struct image *image_r,
		      struct err *e)
{
	int good = 0;

	for (int i = 0; i < 2; i++) {
		if (image_get(c, id, image_r, e) < 0)
			return -1;
		good = check(image_r, sha512, e);
		if (good != 0)
			return good < 0 ? -1 : 0;
		if (unlink(image_r->path) < 0 && errno != ENOENT)
			return err_errno(e, "%s", image_r->path);
	}
	return err_internal(e, "%s is not what its digest says",
			    image_r->path);
}
