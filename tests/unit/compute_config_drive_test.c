/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/metadata/config_drive.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/mem.h"

/* Drives are read back by xorriso, once per tree that the drive carries. */

static char dir[32];
static unsigned char noise[300000];

static const struct config_file files[] = {
	{ "openstack/latest/meta_data.json", "{\"uuid\": \"x\"}", 13 },
	{ "openstack/latest/user_data", noise, sizeof(noise) },
	{ "openstack/latest/vendor_data2.json", "{}", 2 },
	{ "openstack/2012-08-10/meta_data.json", "{\"uuid\": \"y\"}", 13 },
	{ "openstack/content/0000", "", 0 },
	{ "ec2/2009-04-04/meta-data.json", "\0\1\2", 3 },
	{ "openstack/A File.With-Odd_Names.and.dots.txt", "z", 1 },
};

static int setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(noise); i++)
		noise[i] = (i * 2654435761u) >> 13;
	strcpy(dir, "/tmp/config-drive-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int shell(const char *fmt, const char *a)
{
	_cleanup_(cleanup_free) char *command =
		xasprintf("cd %s && { %s%s; } >log 2>&1", dir, fmt, a);

	return system(command);
}

static int teardown(void **state)
{
	(void)state;
	return shell("chmod -R u+w . && rm -rf ", dir);
}

static void assert_file(const char *path, const void *data, size_t size)
{
	_cleanup_(cleanup_free) char *full = xasprintf("%s/tree/%s", dir, path);
	_cleanup_(cleanup_free) char *got = xmalloc(size + 1);
	FILE *f = fopen(full, "r");

	assert_non_null(f);
	assert_int_equal(fread(got, 1, size + 1, f), size);
	fclose(f);
	if (size)
		assert_memory_equal(got, data, size);
}

static void assert_tree(const char *options)
{
	size_t i;

	assert_int_equal(shell("chmod -R u+w tree; rm -rf tree; "
			       "xorriso -osirrox on -indev drive "
			       "-extract / tree ", options), 0);
	for (i = 0; i < ARRAY_LEN(files); i++)
		assert_file(files[i].path, files[i].data, files[i].size);
}

static int entries(const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(d)) != NULL)
		n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(d);
	return n;
}

static void contents_come_back_byte_for_byte(void **state)
{
	_cleanup_(cleanup_free) char *out = xasprintf("%s/drive", dir);
	struct stat st;
	struct err e;

	(void)state;
	assert_int_equal(config_drive_write(out, files, ARRAY_LEN(files), &e),
			 0);
	assert_int_equal(stat(out, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size % 2048, 0);
	assert_int_equal(entries("drive"), 1);
	assert_tree("");			/* Rock Ridge */
	assert_int_equal(shell("xorriso -read_fs norock -osirrox on "
			       "-indev drive -extract / joliet && "
			       "diff -r tree joliet", ""), 0);
}

static void label_is_what_guests_look_for(void **state)
{
	(void)state;
	assert_int_equal(shell("xorriso -indev drive -pvd_info | "
			       "grep -x 'Volume Id *: config-2'", ""), 0);
	assert_int_equal(shell("test \"$(dd if=drive bs=1 skip=32808 count=8)\""
			       " = config-2", ""), 0);
}

static void all_belongs_to_root_and_is_read_only(void **state)
{
	(void)state;
	assert_int_equal(shell("xorriso -indev drive -find / -type f "
			       "-exec lsdl >list && ! grep -v "
			       "'^-r--r--r-- *1 0 *0 ' list", ""), 0);
}

static void an_older_drive_is_replaced(void **state)
{
	_cleanup_(cleanup_free) char *out = xasprintf("%s/drive", dir);
	const struct config_file one = { "only", "this", 4 };
	struct err e;

	(void)state;
	assert_int_equal(config_drive_write(out, &one, 1, &e), 0);
	assert_int_equal(shell("chmod -R u+w tree; rm -rf tree; xorriso "
			       "-osirrox on -indev drive -extract / tree && "
			       "test \"$(ls tree)\" = only", ""), 0);
	assert_file("only", "this", 4);
}

static void failure_leaves_no_file(void **state)
{
	_cleanup_(cleanup_free) char *nowhere = xasprintf("%s/no/drive", dir);
	_cleanup_(cleanup_free) char *folder = xasprintf("%s/folder", dir);
	struct err e = { .kind = ERR_NONE };

	(void)state;
	assert_int_equal(config_drive_write(nowhere, files, 1, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(mkdir(folder, 0700), 0);
	e.kind = ERR_NONE;
	assert_int_equal(config_drive_write(folder, files, 1, &e), -1);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(entries("folder"), 1);
}

static void *write_ten(void *name)
{
	_cleanup_(cleanup_free) char *out = xasprintf("%s/%s", dir,
						      (char *)name);
	struct err e;
	int i;

	for (i = 0; i < 10; i++) {
		if (config_drive_write(out, files, ARRAY_LEN(files), &e) < 0)
			return name;
	}
	return NULL;
}

static void threads_do_not_mix(void **state)
{
	static char *const names[] = { "drive", "drive-b", "drive-c" };
	pthread_t threads[ARRAY_LEN(names)];
	void *failed;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_ten,
						names[i]), 0);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_tree("");
	assert_int_equal(shell("mv drive-c drive", ""), 0);
	assert_tree("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents_come_back_byte_for_byte),
		cmocka_unit_test(label_is_what_guests_look_for),
		cmocka_unit_test(all_belongs_to_root_and_is_read_only),
		cmocka_unit_test(an_older_drive_is_replaced),
		cmocka_unit_test(failure_leaves_no_file),
		cmocka_unit_test(threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
