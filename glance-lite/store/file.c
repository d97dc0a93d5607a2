/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/store/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"

/* Written pages go to the disk in steps, so that the last sync is short. */
#define FLUSH_STEP (8 << 20)

struct store {
	char *dir;
	int dir_fd, incoming_fd, lock_fd;
	char id[UUID_SIZE];
};

struct name {
	char text[sizeof(((struct store_put *)NULL)->name)];
};

static struct name name_of(const char *id, enum store_part part)
{
	struct name name;

	assert(strlen(id) == UUID_SIZE - 1);
	assert(strspn(id, "0123456789abcdef-") == UUID_SIZE - 1);
	snprintf(name.text, sizeof(name.text), "%.36s%s", id,
		 part == STORE_DELTA ? ".delta" : "");
	return name;
}

static int make_dirs(const char *dir, struct err *e)
{
	_cleanup_(cleanup_free) char *path = xasprintf("%s/incoming", dir);
	char *slash = path;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0750) < 0 && errno != EEXIST)
			return err_errno(e, "cannot make %s", path);
		*slash = '/';
	}
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return err_errno(e, "cannot make %s", path);
	return 0;
}

static int open_at(int at, const char *name, int flags, struct err *e)
{
	int fd = openat(at, name, flags | O_CLOEXEC, 0640);

	if (fd < 0)
		return err_errno(e, "cannot open %s", name);
	return fd;
}

static int sweep(const struct store *s, struct err *e)
{
	int fd = open_at(s->incoming_fd, ".", O_RDONLY | O_DIRECTORY, e);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(s->incoming_fd, entry->d_name, 0);
	if (dir)
		closedir(dir);
	return 0;
}

/* The file .store is the lock of the folder and holds its identity. */
static int take(struct store *s, struct err *e)
{
	size_t n = UUID_SIZE - 1;

	s->lock_fd = open_at(s->dir_fd, ".store", O_RDWR | O_CREAT, e);
	if (s->lock_fd < 0)
		return -1;
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_errno(e, "%s belongs to another process", s->dir);
	if (pread(s->lock_fd, s->id, n, 0) == (ssize_t)n)
		return 0;
	uuid_v4(s->id);
	if (pwrite(s->lock_fd, s->id, n, 0) != (ssize_t)n ||
	    fsync(s->lock_fd) < 0)
		return err_errno(e, "cannot write %s/.store", s->dir);
	return 0;
}

static int open_all(struct store *s, struct err *e)
{
	int flags = O_RDONLY | O_DIRECTORY;

	if (make_dirs(s->dir, e) < 0)
		return -1;
	s->dir_fd = open_at(AT_FDCWD, s->dir, flags, e);
	if (s->dir_fd < 0)
		return -1;
	s->incoming_fd = open_at(s->dir_fd, "incoming", flags, e);
	if (s->incoming_fd < 0)
		return -1;
	return take(s, e) < 0 ? -1 : sweep(s, e);
}

struct store *store_new(const char *dir, struct err *e)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->dir = xstrdup(dir);
	s->dir_fd = s->incoming_fd = s->lock_fd = -1;
	if (open_all(s, e) == 0)
		return s;
	store_free(s);
	return NULL;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	cleanup_close(&s->dir_fd);
	cleanup_close(&s->incoming_fd);
	cleanup_close(&s->lock_fd);
	free(s->dir);
	free(s);
}

const char *store_dir(const struct store *s)
{
	return s->dir;
}

const char *store_id(const struct store *s)
{
	return s->id;
}

/* -- receiving ------------------------------------------------------------ */

int store_put_begin(const struct store *s, const char *id,
		    enum store_part part, struct store_put *put_r,
		    struct err *e)
{
	struct name name = name_of(id, part);
	struct store_put put = { .store = s };
	uint8_t salt[4];
	char hex[2 * sizeof(salt) + 1];

	random_bytes(salt, sizeof(salt));
	hex_encode(hex, salt, sizeof(salt));
	memcpy(put.name, name.text, sizeof(put.name));
	snprintf(put.temp, sizeof(put.temp), "%s.%s", put.name, hex);
	put.fd = open_at(s->incoming_fd, put.temp,
			 O_RDWR | O_CREAT | O_EXCL, e);
	if (put.fd < 0)
		return -1;
	*put_r = put;
	return 0;
}

static int write_error(const struct store_put *put, struct err *e)
{
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		return err_set(e, ERR_TOO_LARGE, "Image storage media is "
			       "full: There is not enough disk space on the "
			       "image storage media.");
	return err_errno(e, "cannot write %s/incoming/%s", put->store->dir,
			 put->temp);
}

int store_put_write(struct store_put *put, const void *data, size_t n,
		    struct err *e)
{
	const char *p = data;
	ssize_t done;

	while (n > 0) {
		done = write(put->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return write_error(put, e);
		p += done;
		n -= (size_t)done;
		put->size += done;
	}
	if (put->size - put->flushed >= FLUSH_STEP) {
		sync_file_range(put->fd, put->flushed,
				put->size - put->flushed,
				SYNC_FILE_RANGE_WRITE);
		put->flushed = put->size;
	}
	return 0;
}

ssize_t store_put_read(const struct store_put *put, void *data, size_t n,
		       int64_t off)
{
	return pread(put->fd, data, n, off);
}

char *store_put_path(const struct store_put *put)
{
	return xasprintf("%s/incoming/%s", put->store->dir, put->temp);
}

int store_put_written(struct store_put *put, struct err *e)
{
	struct stat st;

	if (fstat(put->fd, &st) < 0)
		return err_errno(e, "cannot look at %s/incoming/%s",
				 put->store->dir, put->temp);
	put->size = st.st_size;
	return 0;
}

int store_put_sum(const struct store_put *put, char md5_r[DIGEST_HEX_SIZE],
		  char sha512_r[DIGEST_HEX_SIZE], struct err *e)
{
	_cleanup_(cleanup_free) char *chunk = xmalloc(STORE_CHUNK);
	struct digest md5, sha512;
	int64_t at = 0;
	ssize_t n;

	digest_init(&md5, DIGEST_MD5);
	digest_init(&sha512, DIGEST_SHA512);
	while ((n = store_put_read(put, chunk, STORE_CHUNK, at)) > 0) {
		digest_update(&md5, chunk, (size_t)n);
		digest_update(&sha512, chunk, (size_t)n);
		at += n;
	}
	digest_hex(&md5, md5_r);
	digest_hex(&sha512, sha512_r);
	digest_fini(&md5);
	digest_fini(&sha512);
	return n < 0 || at != put->size ?
		err_errno(e, "cannot read %s", put->temp) : 0;
}

void store_put_abort(struct store_put *put)
{
	cleanup_close(&put->fd);
	unlinkat(put->store->incoming_fd, put->temp, 0);
	put->fd = -1;
}

int store_put_commit(struct store_put *put, struct err *e)
{
	const struct store *s = put->store;

	if (fdatasync(put->fd) < 0 ||
	    renameat(s->incoming_fd, put->temp, s->dir_fd, put->name) < 0) {
		err_errno(e, "cannot finish %s/%s", s->dir, put->name);
		store_put_abort(put);
		return -1;
	}
	cleanup_close(&put->fd);
	put->fd = -1;
	if (fsync(s->dir_fd) < 0) {
		err_errno(e, "cannot sync %s", s->dir);
		unlinkat(s->dir_fd, put->name, 0);
		return -1;
	}
	return 0;
}

/* -- what is there -------------------------------------------------------- */

int store_open(const struct store *s, const char *id, enum store_part part,
	       int *fd_r, struct err *e)
{
	struct name name = name_of(id, part);
	int fd = openat(s->dir_fd, name.text,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		err_set(e, ERR_NOT_FOUND, NULL);
		return err_detail(e, "no file %s/%s", s->dir, name.text);
	}
	if (fd < 0)
		return err_errno(e, "cannot open %s/%s", s->dir, name.text);
	*fd_r = fd;
	return 0;
}

char *store_path(const struct store *s, const char *id, enum store_part part)
{
	return xasprintf("%s/%s", s->dir, name_of(id, part).text);
}

int store_drop(const struct store *s, const char *id, enum store_part part,
	       struct err *e)
{
	struct name name = name_of(id, part);

	if (unlinkat(s->dir_fd, name.text, 0) < 0 && errno != ENOENT)
		return err_errno(e, "cannot remove %s/%s", s->dir, name.text);
	return 0;
}

int store_remove(const struct store *s, const char *id, struct err *e)
{
	if (store_drop(s, id, STORE_DELTA, e) < 0)
		return -1;
	return store_drop(s, id, STORE_IMAGE, e);
}
