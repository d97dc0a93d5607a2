/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "glance-lite/store/file.h"

#define ID "0123abcd-0000-4000-8000-0123456789ab"

static char dir[] = "/tmp/lite-store-XXXXXX", folder[64];
static struct store *store;
static struct err error;

static void assert_file(const char *name, int there)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(access(path, F_OK), there ? 0 : -1);
}

static void begin(struct store_put *put)
{
	char temp[128];

	assert_int_equal(store_put_begin(store, ID, STORE_IMAGE, put,
					 &error), 0);
	snprintf(temp, sizeof(temp), "incoming/%s", put->temp);
	assert_file(temp, 1);
	assert_file(ID, 0);
}

static void test_commit(void **state)
{
	struct store_put put;
	char text[16];
	int fd;

	(void)state;
	assert_int_equal(store_open(store, ID, STORE_IMAGE, &fd, &error), -1);
	assert_int_equal(error.kind, ERR_NOT_FOUND);
	begin(&put);
	assert_int_equal(store_put_write(&put, "hello ", 6, &error), 0);
	assert_int_equal(store_put_write(&put, "world", 5, &error), 0);
	assert_int_equal(put.size, 11);
	assert_int_equal(store_put_read(&put, text, sizeof(text), 6), 5);
	assert_memory_equal(text, "world", 5);
	assert_int_equal(store_put_commit(&put, &error), 0);
	assert_int_equal(store_open(store, ID, STORE_IMAGE, &fd, &error), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 11);
	assert_memory_equal(text, "hello world", 11);
	close(fd);
	assert_int_equal(store_remove(store, ID, &error), 0);
	assert_int_equal(store_remove(store, ID, &error), 0);
	assert_file(ID, 0);
}

static void test_abort(void **state)
{
	struct store_put put;
	char temp[128];

	(void)state;
	begin(&put);
	store_put_abort(&put);
	snprintf(temp, sizeof(temp), "incoming/%s", put.temp);
	assert_file(temp, 0);
	assert_file(ID, 0);
}

/* Two at once do not get into each other's way. */
static void test_two(void **state)
{
	struct store_put a, b;

	(void)state;
	begin(&a);
	begin(&b);
	assert_string_not_equal(a.temp, b.temp);
	store_put_abort(&a);
	assert_int_equal(store_put_commit(&b, &error), 0);
	assert_int_equal(store_remove(store, ID, &error), 0);
}

/* A delta and the complete image stand side by side. */
static void test_parts(void **state)
{
	static const enum store_part parts[] = { STORE_DELTA, STORE_IMAGE };
	struct store_put put;
	int fd;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_put_begin(store, ID, parts[i], &put,
						 &error), 0);
		assert_int_equal(store_put_commit(&put, &error), 0);
		assert_int_equal(store_open(store, ID, parts[i], &fd,
					    &error), 0);
		close(fd);
		assert_file(ID ".delta", 1);
		assert_file(ID, i);
	}
	assert_int_equal(store_drop(store, ID, STORE_DELTA, &error), 0);
	assert_file(ID ".delta", 0);
	assert_file(ID, 1);
	assert_int_equal(store_put_begin(store, ID, STORE_DELTA, &put,
					 &error), 0);
	assert_int_equal(store_put_commit(&put, &error), 0);
	assert_int_equal(store_remove(store, ID, &error), 0);
	assert_file(ID ".delta", 0);
	assert_file(ID, 0);
}

static void test_restart(void **state)
{
	struct store_put put;
	char id[40], temp[128];

	(void)state;
	assert_null(store_new(folder, &error));
	assert_non_null(strstr(error.detail, "another process"));
	snprintf(id, sizeof(id), "%s", store_id(store));
	begin(&put);
	close(put.fd);
	store_free(store);
	store = store_new(folder, &error);
	assert_non_null(store);
	assert_string_equal(store_id(store), id);
	assert_string_equal(store_dir(store), folder);
	snprintf(temp, sizeof(temp), "incoming/%s", put.temp);
	assert_file(temp, 0);
}

static void test_bad_folder(void **state)
{
	(void)state;
	assert_null(store_new("/dev/null/x", &error));
	assert_int_equal(error.kind, ERR_INTERNAL);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(folder, sizeof(folder), "%s/a/b", dir);
	store = store_new(folder, &error);
	return store ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	store_free(store);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_bad_folder),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
