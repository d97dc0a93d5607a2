/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/fernet_repo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/timefmt.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"

#define KEY_BYTES	32
#define STAGED		"0"
#define STAGED_TMP	"0.tmp"

struct fernet_repo {
	char *dir;
	pthread_rwlock_t lock;	/* guards key, count, loaded */
	struct fernet_key *key;
	size_t count;
	_Atomic usec_t looked;	/* when the folder was last looked at */
	struct timespec loaded;	/* the folder's mtime then, 0 if too fresh */
};

static void cleanup_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Key files are named by decimal numbers and nothing else. */
static bool key_number(const char *name, unsigned long *n_r)
{
	size_t digits = strspn(name, "0123456789");

	if (digits == 0 || digits > 9 || name[digits] != '\0')
		return false;
	*n_r = strtoul(name, NULL, 10);
	return true;
}

/* 0 when the file holds a key, 1 when it is empty (as a crash leaves it). */
static int key_read(int dir_fd, const char *name, struct fernet_key *key,
		    struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;
	char text[BASE64_TEXT_SIZE(KEY_BYTES) + 1];
	uint8_t bytes[BASE64_DATA_SIZE(sizeof(text))];
	ssize_t len;

	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "fernet key %s", name);
	len = read(fd, text, sizeof(text));
	if (len < 0)
		return err_errno(e, "fernet key %s", name);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len == 0)
		return 1;
	if (base64_decode(BASE64_URL, bytes, text, (size_t)len) != KEY_BYTES)
		return err_internal(e, "fernet key %s is not 32 bytes of "
				    "base64url", name);
	memcpy(key->sign, bytes, sizeof(key->sign));
	memcpy(key->encrypt, bytes + sizeof(key->sign), sizeof(key->encrypt));
	mem_clear(bytes, sizeof(bytes));
	mem_clear(text, sizeof(text));
	return 0;
}

static int key_order(const void *a, const void *b)
{
	unsigned long na = ((const struct fernet_key *)a)->number;
	unsigned long nb = ((const struct fernet_key *)b)->number;

	return (na < nb) - (na > nb);
}

static void keys_wipe(struct fernet_key *key, size_t count)
{
	if (key)
		mem_clear(key, count * sizeof(*key));
	free(key);
}

/* Reads every key of the folder, the primary one first. */
static int keys_load(DIR *d, struct fernet_key **key_r, size_t *count_r,
		     struct err *e)
{
	struct fernet_key *key = NULL, one;
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(d)) != NULL) {
		int rc;

		if (!key_number(entry->d_name, &one.number))
			continue;
		rc = key_read(dirfd(d), entry->d_name, &one, e);
		if (rc < 0) {
			keys_wipe(key, count);
			return -1;
		}
		if (rc > 0)
			continue;
		key = xrealloc(key, (count + 1) * sizeof(*key));
		key[count++] = one;
	}
	mem_clear(&one, sizeof(one));
	if (count == 0)
		return err_internal(e, "the fernet key repository is empty");
	qsort(key, count, sizeof(*key), key_order);
	*key_r = key;
	*count_r = count;
	return 0;
}

/*
 * The folder's mtime, or zero while it is so recent that another change could
 * still get the same one (file systems stamp with the timer tick).
 */
static struct timespec settled_mtime(const struct stat *st)
{
	usec_t changed = st->st_mtim.tv_sec * USEC_PER_SEC +
			 st->st_mtim.tv_nsec / 1000;

	if (usec_now() - changed < USEC_PER_SEC / 10)
		return (struct timespec){ 0 };
	return st->st_mtim;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int fernet_repo_refresh(struct fernet_repo *repo, struct err *e)
{
	_cleanup_(cleanup_dir) DIR *d = NULL;
	struct fernet_key *key = NULL, *old;
	size_t count, old_count;
	struct stat st;
	struct timespec mtime;
	bool fresh;

	if (stat(repo->dir, &st) < 0)
		return err_errno(e, "%s", repo->dir);
	mtime = settled_mtime(&st);
	pthread_rwlock_rdlock(&repo->lock);
	fresh = repo->key && same_time(&st.st_mtim, &repo->loaded);
	pthread_rwlock_unlock(&repo->lock);
	if (fresh)
		return 0;
	d = opendir(repo->dir);
	if (!d)
		return err_errno(e, "%s", repo->dir);
	if (keys_load(d, &key, &count, e) < 0)
		return err_detail(e, "%s", repo->dir);
	pthread_rwlock_wrlock(&repo->lock);
	old = repo->key;
	old_count = repo->count;
	repo->key = key;
	repo->count = count;
	repo->loaded = mtime;
	pthread_rwlock_unlock(&repo->lock);
	keys_wipe(old, old_count);
	return 1;
}

struct fernet_repo *fernet_repo_new(const char *dir, struct err *e)
{
	struct fernet_repo *repo = xcalloc(1, sizeof(*repo));

	repo->dir = xstrdup(dir);
	pthread_rwlock_init(&repo->lock, NULL);
	if (fernet_repo_refresh(repo, e) < 0) {
		fernet_repo_free(repo);
		return NULL;
	}
	return repo;
}

void fernet_repo_free(struct fernet_repo *repo)
{
	if (!repo)
		return;
	keys_wipe(repo->key, repo->count);
	pthread_rwlock_destroy(&repo->lock);
	free(repo->dir);
	free(repo);
}

const struct fernet_key *fernet_repo_lock(struct fernet_repo *repo,
					  size_t *count_r)
{
	usec_t now = usec_monotonic(), looked = repo->looked;
	struct err e;

	/* A failure leaves the keys as they are: tokens go on working. */
	if (now - looked >= USEC_PER_SEC &&
	    atomic_compare_exchange_strong(&repo->looked, &looked, now))
		fernet_repo_refresh(repo, &e);
	pthread_rwlock_rdlock(&repo->lock);
	*count_r = repo->count;
	return repo->key;
}

void fernet_repo_unlock(struct fernet_repo *repo)
{
	pthread_rwlock_unlock(&repo->lock);
}

/* Writes a fresh key beside the others; it counts once it is renamed. */
static int key_stage_tmp(int dir_fd, struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;
	uint8_t bytes[KEY_BYTES];
	char text[BASE64_TEXT_SIZE(KEY_BYTES) + 1];
	size_t len;
	ssize_t n;

	random_bytes(bytes, sizeof(bytes));
	len = base64_encode(BASE64_URL, text, bytes, sizeof(bytes));
	text[len++] = '='; /* 32 bytes leave one place in the last group */
	mem_clear(bytes, sizeof(bytes));
	if (unlinkat(dir_fd, STAGED_TMP, 0) < 0 && errno != ENOENT)
		return err_errno(e, STAGED_TMP);
	fd = openat(dir_fd, STAGED_TMP, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_errno(e, STAGED_TMP);
	n = write(fd, text, len);
	mem_clear(text, sizeof(text));
	if (n != (ssize_t)len || fsync(fd) < 0)
		return err_errno(e, STAGED_TMP);
	return 0;
}

static int key_rename(int dir_fd, const char *from, const char *to,
		      struct err *e)
{
	if (renameat(dir_fd, from, dir_fd, to) < 0)
		return err_errno(e, "rename key %s to %s", from, to);
	return 0;
}

/*
 * Removes the oldest keys until max_active are left. The staged key stands
 * last in the array and always stays.
 */
static int keys_prune(int dir_fd, const struct fernet_key *key, size_t count,
		      unsigned int max_active, struct err *e)
{
	char name[24];

	for (; count > max_active && count > 1; count--) {
		snprintf(name, sizeof(name), "%lu", key[count - 2].number);
		if (unlinkat(dir_fd, name, 0) < 0)
			return err_errno(e, "remove key %s", name);
	}
	return 0;
}

/* Renames the staged key to be the primary one and stages a new one. */
static int key_promote(DIR *d, struct err *e)
{
	struct fernet_key *key = NULL;
	char name[24];
	size_t count;

	rewinddir(d);
	if (keys_load(d, &key, &count, e) < 0)
		return -1;
	snprintf(name, sizeof(name), "%lu", key[0].number + 1);
	keys_wipe(key, count);
	if (key_stage_tmp(dirfd(d), e) < 0 ||
	    key_rename(dirfd(d), STAGED, name, e) < 0)
		return -1;
	return key_rename(dirfd(d), STAGED_TMP, STAGED, e);
}

static int rotate(DIR *d, unsigned int max_active, struct err *e)
{
	struct fernet_key *key = NULL;
	size_t count;
	int rc;

	if (key_promote(d, e) < 0)
		return -1;
	rewinddir(d);
	if (keys_load(d, &key, &count, e) < 0)
		return -1;
	rc = keys_prune(dirfd(d), key, count, max_active, e);
	keys_wipe(key, count);
	return rc;
}

int fernet_repo_rotate(const char *dir, unsigned int max_active,
		       struct err *e)
{
	_cleanup_(cleanup_dir) DIR *d = opendir(dir);

	if (!d)
		return err_errno(e, "%s", dir);
	if (rotate(d, max_active, e) < 0)
		return err_detail(e, "%s", dir);
	return 0;
}

int fernet_repo_setup(const char *dir, struct err *e)
{
	_cleanup_(cleanup_dir) DIR *d = NULL;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_errno(e, "%s", dir);
	d = opendir(dir);
	if (!d)
		return err_errno(e, "%s", dir);
	if (faccessat(dirfd(d), STAGED, F_OK, 0) == 0)
		return 0;
	if (key_stage_tmp(dirfd(d), e) < 0 ||
	    key_rename(dirfd(d), STAGED_TMP, STAGED, e) < 0 ||
	    rotate(d, 3, e) < 0)
		return err_detail(e, "%s", dir);
	return 0;
}
