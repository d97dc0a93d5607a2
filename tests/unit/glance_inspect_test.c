/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "glance-lite/store/inspect.h"

/* An image of up to 4 MiB, mostly zeros, and what is in it. */
#define ROOM (4 << 20)
#define HEAD 4096
static uint8_t image[ROOM];
static int64_t size;
static struct inspect found;

static ssize_t read_image(const void *arg, void *data, size_t n, int64_t off)
{
	(void)arg;
	if (off >= size)
		return 0;
	if ((int64_t)n > size - off)
		n = (size_t)(size - off);
	memcpy(data, image + off, n);
	return (ssize_t)n;
}

static void look(void)
{
	struct inspect_source src = { .read = read_image, .size = size };

	inspect(&src, &found);
}

static void blank(int64_t n)
{
	memset(image, 0, sizeof(image));
	size = n;
}

static void put(int64_t off, uint64_t v, int n, int big)
{
	for (int i = 0; i < n; i++)
		image[off + i] = (uint8_t)(v >> 8 * (big ? n - 1 - i : i));
}

#define BE32(off, v) put(off, v, 4, 1)
#define BE64(off, v) put(off, v, 8, 1)
#define LE16(off, v) put(off, v, 2, 0)
#define LE32(off, v) put(off, v, 4, 0)
#define LE64(off, v) put(off, v, 8, 0)

static void text(int64_t off, const char *s)
{
	memcpy(image + off, s, strlen(s));
}

static void assert_good(const char *format, int64_t virtual_size)
{
	look();
	assert_string_equal(found.format, format);
	if (found.unsafe)
		print_error("%s\n", found.unsafe);
	assert_null(found.unsafe);
	assert_int_equal(found.virtual_size, virtual_size);
}

static void assert_unsafe(const char *format, const char *why)
{
	look();
	assert_string_equal(found.format, format);
	assert_non_null(found.unsafe);
	if (!strstr(found.unsafe, why))
		print_error("%s\n", found.unsafe);
	assert_non_null(strstr(found.unsafe, why));
}

/* -- makers ---------------------------------------------------------------- */

static void qcow2(int version)
{
	blank(262144);
	text(0, "QFI\xfb");
	BE32(4, (uint64_t)version);
	BE32(20, 16);
	BE64(24, 10 << 20);
	if (version == 3)
		BE32(100, 104);
}

static const char good_desc[] =
	"# Disk DescriptorFile\nversion=1\nCID=fffffffe\n"
	"parentCID=ffffffff\ncreateType=\"monolithicSparse\"\n\n"
	"# Extent description\nRW 20480 SPARSE \"disk.vmdk\"\n";

static void vmdk(const char *desc)
{
	blank(1 << 20);
	text(0, "KDMV");
	LE32(4, 1);
	LE64(12, 20480);
	LE64(20, 128);
	LE64(28, 1);
	LE64(36, 20);
	LE64(56, 21);
	text(512, desc);
}

static void vhdx(void)
{
	static const uint8_t region[16] = {
		0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
		0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
	static const uint8_t disk_size[16] = {
		0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
		0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
	static const uint8_t params[16] = {
		0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
		0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
	int64_t meta = 2 << 20;

	blank(ROOM);
	text(0, "vhdxfile");
	text(192 << 10, "regi");
	LE32((192 << 10) + 8, 1);
	memcpy(image + (192 << 10) + 16, region, 16);
	LE64((192 << 10) + 32, (uint64_t)meta);
	text(meta, "metadata");
	LE16(meta + 10, 2);
	memcpy(image + meta + 32, params, 16);
	LE32(meta + 48, 65536);
	LE32(meta + 52, 8);
	memcpy(image + meta + 64, disk_size, 16);
	LE32(meta + 80, 65544);
	LE32(meta + 84, 8);
	LE64(meta + 65544, 3 << 20);
}

static void vhd(int64_t at, uint32_t type)
{
	text(at, "conectix");
	BE64(at + 48, 5 << 20);
	BE32(at + 60, type);
}

static void vdi(uint32_t type)
{
	blank(1 << 20);
	text(0, "<<< Oracle VM VirtualBox Disk Image >>>\n");
	LE32(0x40, 0xbeda107f);
	LE32(0x4c, type);
	LE64(0x170, 7 << 20);
}

/* -- tests ----------------------------------------------------------------- */

static void test_raw(void **state)
{
	(void)state;
	blank(0);
	assert_good("raw", 0);
	blank(1000);
	memset(image, 'x', 1000);
	assert_good("raw", 1000);
	blank(1 << 20);
	text(32769, "CD001");
	assert_good("iso", 1 << 20);
}

static void test_qcow2(void **state)
{
	(void)state;
	qcow2(2);
	assert_good("qcow2", 10 << 20);
	qcow2(3);
	assert_good("qcow2", 10 << 20);
	BE64(72, 0x1b);
	assert_good("qcow2", 10 << 20);
	BE32(104, 0x6803f857);		/* names of features: harmless */
	BE32(108, 48);
	assert_good("qcow2", 10 << 20);
}

static void test_qcow2_unsafe(void **state)
{
	(void)state;
	qcow2(2);
	BE64(8, 0x200);
	assert_unsafe("qcow2", "backing");
	qcow2(3);
	BE64(72, 4);
	assert_unsafe("qcow2", "external data");
	/* CVE-2024-32498: the name alone, behind another extension */
	qcow2(3);
	BE32(104, 0x6803f857);
	BE32(108, 13);
	BE32(128, 0x44415441);
	BE32(132, 11);
	text(136, "/etc/passwd");
	assert_unsafe("qcow2", "external data");
	qcow2(3);
	BE64(72, 1ULL << 40);
	assert_unsafe("qcow2", "features");
	qcow2(3);
	BE32(100, 0);
	assert_unsafe("qcow2", "header");
	BE32(100, 0xfffffff0);
	assert_unsafe("qcow2", "header");
	qcow2(3);
	BE32(104, 0x12345678);
	BE32(108, 0xffffffff);
	assert_unsafe("qcow2", "extension");
	qcow2(1);
	assert_unsafe("qcow2", "version");
	qcow2(3);
	BE64(24, UINT64_MAX);
	assert_unsafe("qcow2", "size");
	blank(4);
	text(0, "QFI\xfb");
	assert_unsafe("qcow2", "version");
}

static void assert_delta(const char *why)
{
	struct inspect_source src = { .read = read_image, .size = size };

	inspect_delta(&src, &found);
	if (!why) {
		assert_null(found.unsafe);
		assert_int_equal(found.virtual_size, 10 << 20);
		return;
	}
	assert_non_null(found.unsafe);
	if (!strstr(found.unsafe, why))
		print_error("%s\n", found.unsafe);
	assert_non_null(strstr(found.unsafe, why));
}

static void delta(int version)
{
	qcow2(version);
	BE64(8, 0x200);
	BE32(16, 11);
	text(0x200, "/etc/passwd");
}

static void test_delta(void **state)
{
	(void)state;
	delta(2);
	assert_delta(NULL);
	delta(3);
	assert_delta(NULL);
	BE32(104, 0xe2792aca);		/* the format of what it names */
	BE32(108, 3);
	assert_delta(NULL);
	qcow2(3);
	assert_delta("rests on no other");
	delta(3);
	BE32(16, 0);
	assert_delta("rests on no other");
	delta(3);
	BE32(32, 2);
	assert_delta("encrypted");
	delta(3);
	BE64(72, 4);
	assert_delta("external data");
	delta(3);
	BE32(104, 0x44415441);
	BE32(108, 1);
	assert_delta("external data");
	delta(3);
	BE64(72, 32);
	assert_delta("features");
	delta(3);
	BE32(4, 4);
	assert_delta("version");
	delta(3);
	BE64(24, UINT64_MAX);
	assert_delta("size");
	vmdk(good_desc);
	assert_delta("is a qcow2");
	blank(0);
	assert_delta("is a qcow2");
}

static void test_vmdk(void **state)
{
	(void)state;
	vmdk(good_desc);
	assert_good("vmdk", 20480 * 512);
	/* a stream has the same header once more at its end */
	vmdk(good_desc);
	LE64(56, UINT64_MAX);
	assert_unsafe("vmdk", "footer");
	memcpy(image + size - 1024, image, 512);
	assert_good("vmdk", 20480 * 512);
	LE64(size - 1024 + 28, 7);
	assert_unsafe("vmdk", "differ");
}

static void test_vmdk_unsafe(void **state)
{
	static const struct { const char *desc, *why; } bad[] = {
		{ "", "type" },
		{ "createType=\"monolithicFlat\"\n"
		  "RW 20480 FLAT \"/etc/passwd\" 0\n", "type" },
		{ "createType=\"monolithicSparse\"\n"
		  "RW 20480 SPARSE \"../x\"\n", "folder" },
		{ "createType=\"monolithicSparse\"\n"
		  "RW 1 SPARSE \"a\"\nRW 1 SPARSE \"b\"\n", "one extent" },
		{ "createType=\"monolithicSparse\"\n", "one extent" },
		{ "createType=\"twoGbMaxExtentSparse\"\n"
		  "RW 1 SPARSE \"a\"\n", "type" },
		{ "createType=\"monolithicSparse\"\nparentCID=12345678\n"
		  "RW 1 SPARSE \"a\"\n", "parent" },
		{ "createType=\"monolithicSparse\"\n"
		  "parentFileNameHint=\"/etc/passwd\"\n"
		  "RW 1 SPARSE \"a\"\n", "parent" },
		{ "createType=\"monolithicSparse\"\n"
		  "  RDONLY 9 FLAT \"/dev/sda\" 0\r\n"
		  "RW 1 SPARSE \"a\"\n", "not sparse" },
		{ "createType=\"monolithicSparse\"\n"
		  "RW\t9\tFLAT\t\"/dev/sda\" 0\n"
		  "RW 1 SPARSE \"a\"\n", "not sparse" },
		{ "createType=\"monolithicFlat\"\n"
		  "createType=\"monolithicSparse\"\n"
		  "RW 1 SPARSE \"a\"\n", "type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vmdk(bad[i].desc);
		assert_unsafe("vmdk", bad[i].why);
	}
	vmdk(good_desc);
	LE64(12, 0);		/* QEMU believes the descriptor then */
	assert_unsafe("vmdk", "capacity");
	vmdk(good_desc);
	LE64(28, 0);
	assert_unsafe("vmdk", "descriptor");
	vmdk(good_desc);
	LE64(36, 1ULL << 60);
	assert_unsafe("vmdk", "descriptor");
	vmdk(good_desc);
	size = 600;
	assert_unsafe("vmdk", "cut off");
	blank(4096);
	text(0, "# Disk DescriptorFile\ncreateType=\"monolithicFlat\"\n");
	assert_unsafe("vmdk", "without data");
	blank(4096);
	text(0, "COWD");
	assert_unsafe("vmdk", "without data");
	/* what QEMU knows a descriptor by */
	blank(4096);
	text(0, "# a comment\n \r\n#\nversion=1\nCID=1\n");
	assert_unsafe("vmdk", "without data");
	blank(4096);
	text(0, "version=3\n");
	assert_unsafe("vmdk", "without data");
	blank(ROOM);
	memset(image, '#', HEAD);
	assert_good("raw", ROOM);
	memset(image, '\n', HEAD);
	assert_good("raw", ROOM);
	blank(4096);
	text(4088, "version=");
	assert_good("raw", 4096);
}

/* Each reader would see another image. */
static void test_two(void **state)
{
	(void)state;
	qcow2(3);
	text(32769, "CD001");
	assert_unsafe("qcow2", "another format");
	vmdk(good_desc);
	text(32769, "CD001");
	assert_unsafe("vmdk", "another format");
	qcow2(2);
	LE32(0x40, 0xbeda107f);
	assert_unsafe("qcow2", "another format");
	blank(1 << 20);
	text(32769, "CD001");
	vhd(size - 512, 2);
	assert_unsafe("iso", "another format");
}

static void test_vhd(void **state)
{
	(void)state;
	blank(1 << 20);
	vhd(0, 3);
	assert_good("vhd", 5 << 20);
	blank(1 << 20);
	vhd(size - 512, 2);
	assert_good("vhd", 5 << 20);
	blank(1 << 20);
	vhd(0, 4);
	assert_unsafe("vhd", "differencing");
}

static void test_vhdx(void **state)
{
	(void)state;
	vhdx();
	assert_good("vhdx", 3 << 20);
	LE32((2 << 20) + 65536 + 4, 2);
	assert_unsafe("vhdx", "differencing");
	vhdx();
	LE64((192 << 10) + 32, UINT64_MAX);
	assert_unsafe("vhdx", "metadata");
	vhdx();
	LE32((192 << 10) + 8, UINT32_MAX);
	image[(192 << 10) + 16] ^= 1;
	assert_unsafe("vhdx", "metadata");
	vhdx();
	LE32((2 << 20) + 80, 0xfffffff0);
	assert_unsafe("vhdx", "size");
	vhdx();
	size = 1000;
	assert_unsafe("vhdx", "region");
}

static void test_others(void **state)
{
	(void)state;
	vdi(1);
	assert_good("vdi", 7 << 20);
	vdi(4);
	assert_unsafe("vdi", "differencing");
	blank(4096);
	memcpy(image, "QED\0", 4);
	assert_unsafe("qed", "QED");
	blank(4096);
	text(0, "WithoutFreeSpace");
	LE64(36, 100);
	assert_good("ploop", 51200);
}

static const char *refusal(const char *claimed, bool strict)
{
	look();
	return inspect_refusal(&found, claimed, strict);
}

static void test_claims(void **state)
{
	(void)state;
	qcow2(3);
	assert_null(refusal("qcow2", true));
	assert_non_null(refusal("raw", false));
	assert_non_null(refusal("ami", false));
	assert_non_null(refusal("vmdk", false));
	BE64(8, 1);
	assert_non_null(refusal("qcow2", false));
	blank(4096);
	assert_null(refusal("raw", true));
	assert_null(refusal("aki", true));
	assert_null(refusal("qcow2", false));
	assert_non_null(refusal("vmdk", false));
	assert_non_null(refusal("qcow2", true));
	assert_null(refusal("iso", false));
	assert_non_null(refusal("iso", true));
	blank(1 << 20);
	text(32769, "CD001");
	assert_null(refusal("iso", true));
	assert_null(refusal("raw", true));
	assert_non_null(refusal("qcow2", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_qcow2),
		cmocka_unit_test(test_qcow2_unsafe),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_vmdk),
		cmocka_unit_test(test_vmdk_unsafe),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_vhd),
		cmocka_unit_test(test_vhdx),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
