/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "nova-lite/inject/appliance/lvm.h"
#include "nova-lite/inject/appliance/superblock.h"

/* What volumes hold: superblocks, and LVM's label and text. */

#define ID "bt63em-PJmf-osJJ-5rBR-vIO6-4E5S-qPOfkX"
#define SHORT_ID "bt63emPJmfosJJ5rBRvIO64E5SqPOfkX"

static unsigned char disk[0x10400];

static int from_memory(void *arg, uint64_t at, void *data, size_t n)
{
	(void)arg;
	assert_true(at + n <= sizeof(disk));
	memcpy(data, disk + at, n);
	return 0;
}

static const struct table_source source = { from_memory, NULL, sizeof(disk) };

static struct superblock look(size_t at, const char *magic)
{
	struct superblock sb;

	memset(disk, 0, sizeof(disk));
	memcpy(disk + at, magic, strlen(magic));
	assert_int_equal(superblock_read(&source, &sb), 0);
	return sb;
}

static void kinds_are_told_apart(void **state)
{
	struct superblock sb;

	(void)state;
	assert_int_equal(look(0, "").kind, VOLUME_NONE);
	assert_int_equal(look(0, "XFSB").kind, VOLUME_XFS);
	assert_int_equal(look(0x10040, "_BHRfS_M").kind, VOLUME_BTRFS);
	assert_int_equal(look(0x218, "LVM2 001").kind, VOLUME_LVM);
	assert_int_equal(look(0, "LUKS\xba\xbe").kind, VOLUME_OTHER);
	assert_non_null(look(0x438, "\x53\xef").why_not);
	disk[0x43a] = 1;
	memcpy(disk + 0x468, "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45"
	       "\x67\x89\xab\xcd\xef", 16);
	memcpy(disk + 0x478, "sixteen letters.", 16);
	assert_int_equal(superblock_read(&source, &sb), 0);
	assert_int_equal(sb.kind, VOLUME_EXT);
	assert_null(sb.why_not);
	assert_string_equal(sb.uuid, "01234567-89ab-cdef-0123-456789abcdef");
	assert_string_equal(sb.label, "sixteen letters.");
	disk[0x43a] = 3;			/* with errors */
	assert_int_equal(superblock_read(&source, &sb), 0);
	assert_non_null(sb.why_not);
}

static void volumes_may_be_short(void **state)
{
	struct table_source none = { from_memory, NULL, 10 };
	struct superblock sb;
	char id[LVM_ID_SIZE], *text;
	size_t n;

	(void)state;
	memset(disk, 0xff, sizeof(disk));
	assert_int_equal(superblock_read(&none, &sb), 0);
	assert_int_equal(sb.kind, VOLUME_NONE);
	assert_int_equal(lvm_label_read(&none, id, &text, &n), -1);
	assert_int_equal(lvm_label_read(&source, id, &text, &n), -1);
}

/* -- LVM's text ----------------------------------------------------------- */

#define HEAD "# what LVM writes\nvg0 {\nid = \"" ID "\"\nseqno = 3\n" \
	"status = [\"RESIZEABLE\", \"READ\"]\nextent_size = 8192\n" \
	"physical_volumes {\npv0 {\nid = \"" ID "\"\ndevice = \"/dev/\\\"x\"" \
	"\npe_start = 2048\n}\n}\nlogical_volumes {\n"
#define TAIL "}\n}\ncontents = \"Text {\"\nversion = 1\n"
#define LV(name, status, rest) name " {\nid = \"" ID "\"\nstatus = [" status \
	"]\nsegment_count = " rest "}\n"
#define SEGMENT(n, start, type) "segment" n " {\nstart_extent = " start \
	"\nextent_count = 4\ntype = \"" type "\"\n"
#define LINEAR(n, start, at) SEGMENT(n, start, "striped") \
	"stripe_count = 1\nstripes = [\n\"pv0\", " at "\n]\n}\n"

static int parse(const char *text, struct lvm_group *g)
{
	return lvm_group_parse(text, strlen(text), g);
}

static void linear_and_striped_volumes_are_of_use(void **state)
{
	static const char text[] = HEAD
		LV("root", "\"READ\", \"VISIBLE\"", "2\n"
		   LINEAR("1", "0", "6") LINEAR("2", "4", "1"))
		LV("hidden", "\"READ\"", "1\n" LINEAR("1", "0", "0"))
		LV("thin", "\"VISIBLE\"", "1\n" SEGMENT("1", "0", "thin")
		   "}\n")
		LV("two", "\"VISIBLE\"", "1\n" SEGMENT("1", "0", "striped")
		   "stripe_count = 2\nstripe_size = 128\n"
		   "stripes = [\"pv0\", 0, \"pv0\", 9]\n}\n") TAIL;
	struct lvm_group g;

	(void)state;
	assert_int_equal(parse(text, &g), 0);
	assert_string_equal(g.id, SHORT_ID);
	assert_int_equal(g.nvolumes, 3);
	assert_string_equal(g.volumes[0].name, "root");
	assert_true(g.volumes[0].usable);
	assert_int_equal(g.volumes[0].nsegments, 2);
	assert_int_equal(g.volumes[0].segments[1].start, 4 * 8192);
	assert_int_equal(g.volumes[0].segments[1].size, 4 * 8192);
	assert_int_equal(g.volumes[0].segments[1].stripes[0].at, 2048 + 8192);
	assert_string_equal(g.volumes[0].segments[1].stripes[0].pv, SHORT_ID);
	assert_string_equal(g.volumes[1].name, "thin");
	assert_false(g.volumes[1].usable);
	assert_true(g.volumes[2].usable);
	assert_int_equal(g.volumes[2].segments[0].nstripes, 2);
	assert_int_equal(g.volumes[2].segments[0].chunk, 128);
	assert_int_equal(g.volumes[2].segments[0].stripes[1].at,
			 2048 + 9 * 8192);
	lvm_group_fini(&g);
}

/* Cut anywhere, it is no text or one with fewer volumes; nothing worse. */
static void cut_texts_are_refused(void **state)
{
	static const char text[] = HEAD
		LV("root", "\"VISIBLE\"", "1\n" LINEAR("1", "0", "6")) TAIL;
	size_t whole = strlen(text) - strlen("\ncontents = \"Text {\""
					     "\nversion = 1\n");
	struct lvm_group g;

	(void)state;
	for (size_t n = 0; n < whole; n++) {
		_cleanup_(cleanup_free) char *copy = xmalloc(n + 1);

		memcpy(copy, text, n);
		assert_int_equal(lvm_group_parse(copy, n, &g), -1);
	}
}

static void numbers_that_mean_harm(void **state)
{
	static const char *const texts[] = {
		HEAD LV("a", "\"VISIBLE\"", "99999999\n") TAIL,
		HEAD LV("a", "\"VISIBLE\"", "-1\n") TAIL,
		HEAD LV("a", "\"VISIBLE\"", "1\n"
			LINEAR("1", "0", "281474976710655")) TAIL,
		HEAD LV("a", "\"VISIBLE\"", "1\n" SEGMENT("1", "0", "striped")
			"stripe_count = 4000000000\n}\n") TAIL,
	};
	struct lvm_group g;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(parse(texts[i], &g), 0);
		assert_int_equal(g.nvolumes, 1);
		if (g.volumes[0].usable)
			assert_true(g.volumes[0].segments[0].stripes[0].at >>
				    50);
		lvm_group_fini(&g);
	}
	assert_int_equal(parse("} } }", &g), -1);
	assert_int_equal(parse("a { b = [ \"x\" }", &g), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(volumes_may_be_short),
		cmocka_unit_test(linear_and_striped_volumes_are_of_use),
		cmocka_unit_test(cut_texts_are_refused),
		cmocka_unit_test(numbers_that_mean_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
