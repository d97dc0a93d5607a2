/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/compute/boot_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/compute/folder.h"
#include "nova-lite/compute/metrics.h"

#define PATH_SIZE 600
#define ATTEMPTS 8

static void image_path(const struct boot_cache *c, const char *digest,
		       const char *suffix, char path_r[PATH_SIZE])
{
	snprintf(path_r, PATH_SIZE, "%s/%.64s.%s", c->dir, digest, suffix);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n > k && strcmp(name + n - k, end) == 0;
}

/* -- half done ------------------------------------------------------------ */

static void clean(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	char path[PATH_SIZE];
	struct err ignored;

	while (d && (de = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%.255s", dir, de->d_name);
		if (ends_with(path, ".part") || ends_with(path, ".part.d"))
			folder_remove(path, &ignored);
	}
	if (d)
		closedir(d);
}

void boot_cache_init(struct boot_cache *c, const char *dir,
		     int64_t max_bytes)
{
	*c = (struct boot_cache){ .dir = dir, .max_bytes = max_bytes,
				  .flight = flight_new() };
	pthread_mutex_init(&c->lock, NULL);
	clean(dir);
}

void boot_cache_fini(struct boot_cache *c)
{
	if (!c->flight)
		return;
	flight_free(c->flight);
	pthread_mutex_destroy(&c->lock);
	c->flight = NULL;
}

/* -- eviction ------------------------------------------------------------- */

struct held {
	char name[80];
	struct timespec used;
	int64_t size;
	bool in_use;
};

static int by_use(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return x->used.tv_nsec < y->used.tv_nsec ? -1 :
		x->used.tv_nsec > y->used.tv_nsec;
}

/* The images there are, oldest use first; *sum_r bytes in all. */
static size_t list(const struct boot_cache *c, struct held **held_r,
		   int64_t *sum_r)
{
	DIR *d = opendir(c->dir);
	struct held *all = NULL;
	struct dirent *de;
	struct stat st;
	size_t n = 0;

	*sum_r = 0;
	while (d && (de = readdir(d))) {
		if (!ends_with(de->d_name, ".img") ||
		    fstatat(dirfd(d), de->d_name, &st, 0) < 0)
			continue;
		all = xrealloc(all, (n + 1) * sizeof(*all));
		all[n] = (struct held){ .used = st.st_atim,
					.size = st.st_size,
					.in_use = st.st_nlink > 1 };
		snprintf(all[n++].name, sizeof(all->name), "%.79s",
			 de->d_name);
		*sum_r += st.st_size;
	}
	if (d)
		closedir(d);
	if (n)
		qsort(all, n, sizeof(*all), by_use);
	*held_r = all;
	return n;
}

/* Under the lock. The one just built is needed next. */
static void evict(struct boot_cache *c, const char *spared)
{
	_cleanup_(cleanup_free) struct held *all = NULL;
	int64_t sum;
	size_t n = list(c, &all, &sum), i;
	char path[PATH_SIZE];

	for (i = 0; i < n && sum > c->max_bytes; i++) {
		if (all[i].in_use ||
		    strncmp(all[i].name, spared, strlen(spared)) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", c->dir, all[i].name);
		unlink(path);
		sum -= all[i].size;
		metrics_boot(BOOT_EVICTED);
	}
}

/* -- getting one ---------------------------------------------------------- */

struct order {
	struct boot_cache *c;
	const char *digest;
	const struct boot_maker *maker;
};

/* A program that was killed could not clean up. */
static int make(struct order *o, const char *part, struct err *e)
{
	char scratch[PATH_SIZE];
	struct err ignored;

	if (o->maker->build(o->maker->arg, part, e) == 0)
		return 0;
	image_path(o->c, o->digest, "part.d", scratch);
	folder_remove(part, &ignored);
	folder_remove(scratch, &ignored);
	return -1;
}

static int build(void *arg, struct err *e)
{
	struct order *o = arg;
	char part[PATH_SIZE], path[PATH_SIZE];

	image_path(o->c, o->digest, "img", path);
	if (access(path, R_OK) == 0)
		return 0;
	image_path(o->c, o->digest, "part", part);
	if (make(o, part, e) < 0)
		return -1;
	if (rename(part, path) < 0)
		return err_errno(e, "%s", path);
	metrics_boot(BOOT_BUILT);
	pthread_mutex_lock(&o->c->lock);
	evict(o->c, o->digest);
	pthread_mutex_unlock(&o->c->lock);
	return 0;
}

/* 1: done, 0: it is not there. */
static int link_once(struct boot_cache *c, const char *digest,
		     const char *path, int64_t *built_r, struct err *e)
{
	const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	_cleanup_(cleanup_free) char *temp = xasprintf("%s.new", path);
	char from[PATH_SIZE];
	struct stat st;
	int rc;

	image_path(c, digest, "img", from);
	unlink(temp);
	pthread_mutex_lock(&c->lock);
	rc = link(from, temp);
	pthread_mutex_unlock(&c->lock);
	if (rc < 0)
		return errno == ENOENT && access(from, F_OK) < 0 ? 0 :
			err_errno(e, "%s", temp);
	if (rename(temp, path) < 0 || stat(path, &st) < 0)
		return err_errno(e, "%s", path);
	/* Where path was the same image already, rename does nothing. */
	unlink(temp);
	utimensat(AT_FDCWD, from, now, 0);
	*built_r = st.st_mtim.tv_sec;
	return 1;
}

int boot_cache_link(struct boot_cache *c, const char *digest,
		    const struct boot_maker *maker, const char *path,
		    int64_t *built_r, struct err *e)
{
	struct order o = { c, digest, maker };
	int rc;

	for (int i = 0; i < ATTEMPTS; i++) {
		rc = link_once(c, digest, path, built_r, e);
		if (rc > 0 && i == 0)
			metrics_boot(BOOT_FOUND);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (flight_do(c->flight, digest, build, &o, e) < 0)
			return -1;
	}
	return err_internal(e, "boot image %s leaves the cache", digest);
}
