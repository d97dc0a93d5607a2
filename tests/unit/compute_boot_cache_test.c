/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "nova-lite/compute/boot_cache.h"

enum { SIZE = 1000 };

static char dir[] = "/tmp/boot-cache-XXXXXX", cache_dir[64];
static struct boot_cache cache;

static char *path_of(const char *folder, const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static bool there(const char *name)
{
	_cleanup_(cleanup_free) char *path = path_of(cache_dir, name);

	return access(path, F_OK) == 0;
}

static void touch(const char *path, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, n), 0);
	close(fd);
}

/* -- makers --------------------------------------------------------------- */

static atomic_int builds;

static int build(void *arg, const char *path, struct err *e)
{
	(void)arg, (void)e;
	atomic_fetch_add(&builds, 1);
	usleep(20000);
	touch(path, SIZE);
	return 0;
}

/* As a program that was killed in the middle. */
static int leave(void *arg, const char *path, struct err *e)
{
	_cleanup_(cleanup_free) char *scratch = xasprintf("%s.d", path);
	_cleanup_(cleanup_free) char *sub = path_of(scratch, "lib");
	_cleanup_(cleanup_free) char *file = path_of(sub, "file");

	(void)arg;
	atomic_fetch_add(&builds, 1);
	usleep(20000);
	touch(path, SIZE / 2);
	mkdir(scratch, 0700);
	mkdir(sub, 0700);
	touch(file, 10);
	return err_set(e, ERR_BAD_REQUEST, "write: no");
}

static const struct boot_maker good = { build, NULL }, bad = { leave, NULL };

static int get(const char *digest, const char *name,
	       const struct boot_maker *maker)
{
	_cleanup_(cleanup_free) char *path = path_of(dir, name);
	int64_t built = 0;
	struct err e;
	int rc = boot_cache_link(&cache, digest, maker, path, &built, &e);

	if (rc == 0)
		assert_true(built > 1600000000);
	return rc;
}

static void drop(const char *name)
{
	_cleanup_(cleanup_free) char *path = path_of(dir, name);

	assert_int_equal(unlink(path), 0);
}

/* -- tests ---------------------------------------------------------------- */

static int fresh(void **state)
{
	(void)state;
	boot_cache_init(&cache, cache_dir, 3 * SIZE);
	atomic_store(&builds, 0);
	return 0;
}

static int clear(void **state)
{
	_cleanup_(cleanup_free) char *command =
		xasprintf("rm -rf %s/*; mkdir %s", dir, cache_dir);

	(void)state;
	boot_cache_fini(&cache);
	return system(command);
}

static void built_once(void **state)
{
	_cleanup_(cleanup_free) char *a = path_of(dir, "a");
	_cleanup_(cleanup_free) char *b = path_of(dir, "b");
	struct stat st, other;

	(void)state;
	assert_int_equal(get("d1", "a", &good), 0);
	assert_int_equal(get("d1", "b", &good), 0);
	assert_int_equal(get("d1", "b", &good), 0);
	assert_int_equal(builds, 1);
	assert_int_equal(stat(a, &st), 0);
	assert_int_equal(stat(b, &other), 0);
	assert_int_equal(st.st_ino, other.st_ino);
	assert_int_equal(st.st_nlink, 3);
	/* in place of another image */
	assert_int_equal(get("d2", "b", &good), 0);
	assert_int_equal(stat(a, &st), 0);
	assert_int_equal(st.st_nlink, 2);
}

static void *getter(void *arg)
{
	const struct boot_maker *maker = arg;
	static atomic_int serial;
	char name[16];

	snprintf(name, sizeof(name), "t%d", atomic_fetch_add(&serial, 1));
	return (void *)(intptr_t)get("shared", name, maker);
}

static int together(const struct boot_maker *maker)
{
	pthread_t threads[8];
	int failed = 0;
	void *rc;

	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, getter,
						(void *)maker), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &rc);
		failed += rc != NULL;
	}
	return failed;
}

static void at_once(void **state)
{
	(void)state;
	assert_int_equal(together(&good), 0);
	assert_int_equal(builds, 1);
}

/* Everyone hears of it, nothing is left, and the next build is a new one. */
static void failures(void **state)
{
	(void)state;
	assert_int_equal(together(&bad), 8);
	assert_false(there("shared.part"));
	assert_false(there("shared.part.d"));
	assert_false(there("shared.img"));
	assert_int_equal(get("shared", "after", &good), 0);
}

static void starts_clean(void **state)
{
	_cleanup_(cleanup_free) char *part = path_of(cache_dir, "x.part");
	_cleanup_(cleanup_free) char *image = path_of(cache_dir, "x.img");
	struct err e;

	(void)state;
	leave(NULL, part, &e);
	touch(image, SIZE);
	boot_cache_fini(&cache);
	boot_cache_init(&cache, cache_dir, 3 * SIZE);
	assert_false(there("x.part"));
	assert_false(there("x.part.d"));
	assert_true(there("x.img"));
}

/* What was asked for longest ago goes first; what is in use never. */
static void evicts(void **state)
{
	(void)state;
	assert_int_equal(get("one", "one", &good), 0);
	assert_int_equal(get("two", "two", &good), 0);
	assert_int_equal(get("three", "three", &good), 0);
	drop("one");
	drop("two");
	drop("three");
	assert_int_equal(get("one", "again", &good), 0);	/* used anew */
	drop("again");
	assert_int_equal(get("four", "four", &good), 0);
	assert_true(there("one.img"));
	assert_false(there("two.img"));
	assert_true(there("three.img"));
	assert_int_equal(get("three", "kept", &good), 0);
	assert_int_equal(get("five", "five", &good), 0);
	assert_false(there("one.img"));
	assert_int_equal(get("six", "six", &good), 0);
	/* all in use: beyond the bound, and all there */
	assert_true(there("three.img"));
	assert_true(there("four.img"));
	assert_true(there("five.img"));
	assert_true(there("six.img"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(built_once, fresh, clear),
		cmocka_unit_test_setup_teardown(at_once, fresh, clear),
		cmocka_unit_test_setup_teardown(failures, fresh, clear),
		cmocka_unit_test_setup_teardown(starts_clean, fresh, clear),
		cmocka_unit_test_setup_teardown(evicts, fresh, clear),
	};
	_cleanup_(cleanup_free) char *command = NULL;
	int rc;

	if (!mkdtemp(dir))
		return 1;
	snprintf(cache_dir, sizeof(cache_dir), "%s/cache", dir);
	mkdir(cache_dir, 0700);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	command = xasprintf("rm -rf %s", dir);
	return system(command) ? 1 : rc;
}
