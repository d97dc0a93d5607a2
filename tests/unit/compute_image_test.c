/* SPDX-License-Identifier: Apache-2.0 */
/* What may become a disk, and whose folders may be removed. */
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

#include "nova-lite/compute/image.h"
#include "nova-lite/compute/instance.h"
#include "nova-lite/compute/proc.h"

#define ID "11111111-1111-4111-8111-111111111111"
#define OTHER "22222222-2222-4222-8222-222222222222"

static char dir[] = "/tmp/lite-image-XXXXXX";

static const char *file(const char *name)
{
	static char path[2][128];
	static int i;

	i = !i;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

/* qemu-img create with the options, in the folder. */
static void create(const char *name, const char *options)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && qemu-img create -q %s %s "
		 "64M", dir, options, name);
	assert_int_equal(system(command), 0);
}

static void patch(const char *name, long at, const char *bytes, size_t n)
{
	FILE *f = fopen(file(name), "r+");

	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	fwrite(bytes, 1, n, f);
	fclose(f);
}

static void accepts(const char *name, const char *format)
{
	struct image i;
	struct err e;

	if (image_inspect(file(name), format, &i, &e) < 0)
		fail_msg("%s: %s %s", name, e.msg, e.detail);
	assert_int_equal(i.virtual_size, 64 << 20);
	assert_string_equal(i.format, format);
}

/* base: the name of the file beside it. */
static void accepts_delta(const char *name, const char *base)
{
	struct image i;
	struct err e;

	if (image_inspect(file(name), "delta", &i, &e) < 0)
		fail_msg("%s: %s %s", name, e.msg, e.detail);
	assert_string_equal(i.base, file(base));
	assert_string_equal(i.base_format, "qcow2");
	assert_string_equal(i.format, "qcow2");
	assert_int_equal(i.virtual_size, 64 << 20);
}

static void refuses(const char *name, const char *format)
{
	struct image i = { .format = "none" };
	struct err e;

	assert_int_equal(image_inspect(file(name), format, &i, &e), -1);
	assert_int_equal(e.kind, ERR_BAD_REQUEST);
	assert_string_equal(i.format, "none");
}

static void test_good(void **state)
{
	(void)state;
	create("good", "-f qcow2");
	create("old", "-f qcow2 -o compat=0.10");
	create("raw", "-f raw");
	accepts("good", "qcow2");
	accepts("old", "qcow2");
	accepts("raw", "raw");
}

static void test_foreign_files(void **state)
{
	(void)state;
	create("base", "-f qcow2");
	create("layer", "-f qcow2 -b base -F qcow2");
	create("split", "-f qcow2 -o data_file=data");
	refuses("layer", "qcow2");
	refuses("split", "qcow2");
}

static void test_delta(void **state)
{
	struct image i;
	struct err e;

	(void)state;
	create(ID ".qcow2", "-f qcow2");
	create("delta", "-f qcow2 -b " ID ".qcow2 -F qcow2");
	accepts_delta("delta", ID ".qcow2");
	refuses("delta", "qcow2");
	create("alone", "-f qcow2");
	refuses("alone", "delta");
	create("outside", "-f qcow2 -u -b /etc/passwd -F raw");
	refuses("outside", "delta");
	create("up", "-f qcow2 -u -b ../" ID ".qcow2 -F qcow2");
	refuses("up", "delta");
	create("other", "-f qcow2 -u -b delta -F qcow2");
	refuses("other", "delta");
	create("chain", "-f qcow2 -u -b " ID ".delta -F qcow2");
	refuses("chain", "delta");
	create("json", "-f qcow2 -u -b 'json:{\"driver\":\"null-co\"}' "
	       "-F raw");
	refuses("json", "delta");
	assert_int_equal(image_inspect(file(ID ".qcow2"), "raw", &i, &e), -1);
}

/* What came from elsewhere names a base of its own choice: ours it gets. */
static void test_take_delta(void **state)
{
	struct image_cache c = { .dir = dir };
	struct image base, i;
	struct err e;

	(void)state;
	create(ID ".qcow2", "-f qcow2");
	create("new.part", "-f qcow2 -u -b /etc/passwd -F raw");
	assert_int_equal(image_inspect(file(ID ".qcow2"), "qcow2", &base, &e),
			 0);
	assert_false(image_cached(&c, OTHER));
	assert_int_equal(image_take_delta(&c, OTHER, file("new.part"), &base,
					  &e), 0);
	assert_true(image_cached(&c, OTHER));
	accepts_delta(OTHER ".delta", ID ".qcow2");
	assert_int_equal(image_inspect(file(OTHER ".delta"), "delta", &i, &e),
			 0);
	create("chain.part", "-f qcow2 -u -b x -F raw");
	assert_int_equal(image_take_delta(&c, ID, file("chain.part"), &i, &e),
			 -1);
	assert_int_equal(access(file("chain.part"), F_OK), 0);
	image_cache_clean(&c);
	assert_int_equal(access(file("chain.part"), F_OK), -1);
	assert_true(image_cached(&c, OTHER));
}

static void test_other_than_claimed(void **state)
{
	(void)state;
	create("q", "-f qcow2");
	create("r", "-f raw");
	create("v", "-f qcow2");
	patch("v", 4, "\0\0\0\1", 4);
	refuses("q", "raw");
	refuses("r", "qcow2");
	refuses("v", "qcow2");
}

static void test_layer(void **state)
{
	struct image base, layer;
	struct err e;

	(void)state;
	create("under", "-f raw");
	assert_int_equal(image_inspect(file("under"), "raw", &base, &e), 0);
	assert_int_equal(instance_layer_make(file("over"), &base, 1 << 30,
					     &e), 0);
	assert_int_equal(instance_layer_make(file("over"), &base, 1 << 30,
					     &e), 0);
	assert_int_equal(image_inspect(file("over"), "qcow2", &layer, &e), -1);
	assert_int_equal(instance_disk_make(file("plain"), 5 << 20, &e), 0);
	assert_int_equal(image_inspect(file("plain"), "qcow2", &layer, &e), 0);
	assert_int_equal(layer.virtual_size, 5 << 20);
}

static void test_folder(void **state)
{
	struct agent a = { .host = "here", .state_path = dir };
	struct agent b = { .host = "there", .state_path = dir };
	char path[INSTANCE_PATH_MAX];
	struct err e;

	(void)state;
	assert_int_equal(mkdir(file("instances"), 0700), 0);
	assert_int_equal(instance_dir_remove(&a, ID, &e), 0);
	assert_int_equal(instance_dir_make(&a, ID, &e), 0);
	assert_int_equal(instance_dir_make(&a, ID, &e), 0);
	instance_path(&a, ID, "disk", path);
	assert_int_equal(instance_disk_make(path, 1 << 20, &e), 0);
	assert_false(instance_dir_owned(&b, ID));
	assert_int_equal(instance_dir_remove(&b, ID, &e), -1);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(instance_dir_remove(&a, ID, &e), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(instance_dir_remove(&a, ID, &e), 0);
}

static void test_program(void **state)
{
	const char *good[] = { "true", NULL }, *bad[] = { "false", NULL };
	const char *none[] = { "no-such-program", NULL };
	const char *says[] = { "ls", "/no/such/folder", NULL };
	struct err e;

	(void)state;
	assert_int_equal(proc_run(good, &e), 0);
	assert_int_equal(proc_run(bad, &e), -1);
	assert_int_equal(proc_run(none, &e), -1);
	assert_int_equal(proc_run(says, &e), -1);
	assert_non_null(strstr(e.detail, "/no/such/folder"));
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	const char *argv[] = { "rm", "-rf", dir, NULL };
	struct err e;

	(void)state;
	return proc_run(argv, &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_foreign_files),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_take_delta),
		cmocka_unit_test(test_other_than_claimed),
		cmocka_unit_test(test_layer),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_program),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
