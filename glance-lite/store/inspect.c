/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/store/inspect.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECTOR 512
#define HEAD_SIZE 4096		/* of every format except ISO and VHDX */
#define KIB 1024LL
#define MIB (1024 * KIB)

static uint16_t le16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint32_t be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* Exactly n bytes, or false. */
static bool get(const struct inspect_source *src, void *data, size_t n,
		int64_t off)
{
	return off >= 0 && off <= src->size &&
	       src->read(src->arg, data, n, off) == (ssize_t)n;
}

/* A size from a header: what does not fit is not believed. */
static int64_t bounded(uint64_t v, uint64_t unit)
{
	return v > INT64_MAX / unit ? -1 : (int64_t)(v * unit);
}

static const char *set_size(struct inspect *out, int64_t size)
{
	out->virtual_size = size < 0 ? 0 : size;
	return size < 0 ? "its size is out of range" : NULL;
}

/* -- qcow2, qed ----------------------------------------------------------- */

enum { QCOW2_DATA_FILE = 1 << 2, QCOW2_KNOWN = 0x1f };
#define QCOW2_EXT_DATA_FILE 0x44415441u

/* Walks the header extensions; those end with type 0 or behind the header. */
static const char *qcow2_extensions(const uint8_t *h, size_t at)
{
	uint32_t type, len;

	while (at + 8 <= HEAD_SIZE) {
		type = be32(h + at);
		len = be32(h + at + 4);
		if (type == 0)
			return NULL;
		if (type == QCOW2_EXT_DATA_FILE)
			return "it names an external data file";
		if (len > HEAD_SIZE)
			return "a header extension is too long";
		at += 8 + ((len + 7) & ~7u);
	}
	return "its header is too long";
}

/* Whatever there is to say besides backing files. */
static const char *qcow2_header(const uint8_t *h, struct inspect *out)
{
	uint32_t version = be32(h + 4), length = 72;
	uint64_t features = 0;
	const char *why;

	why = set_size(out, bounded(be64(h + 24), 1));
	if (why)
		return why;
	if (version != 2 && version != 3)
		return "its version is not supported";
	if (version == 3) {
		features = be64(h + 72);
		length = be32(h + 100);
	}
	if (features & QCOW2_DATA_FILE)
		return "it has an external data file";
	if (features & ~(uint64_t)QCOW2_KNOWN)
		return "it needs features that are not known";
	if (length > HEAD_SIZE || length < (version == 3 ? 104 : 72))
		return "the length of its header is wrong";
	return qcow2_extensions(h, length);
}

static const char *qcow2(const struct inspect_source *src, const uint8_t *h,
			 struct inspect *out)
{
	const char *why = qcow2_header(h, out);

	(void)src;
	return !why && be64(h + 8) != 0 ? "it has a backing file" : why;
}

static const char *qcow2_delta(const uint8_t *h, struct inspect *out)
{
	const char *why = qcow2_header(h, out);

	if (why)
		return why;
	if (be64(h + 8) == 0 || be32(h + 16) == 0)
		return "it rests on no other image";
	return be32(h + 32) != 0 ? "it is encrypted" : NULL;
}

static const char *qed(const struct inspect_source *src, const uint8_t *h,
		       struct inspect *out)
{
	(void)src;
	set_size(out, bounded(le64(h + 48), 1));
	return "QED images are not supported";
}

/* -- VMDK ----------------------------------------------------------------- */

#define VMDK_DESC_MAX (64 * KIB)
#define VMDK_AT_END UINT64_MAX

/* The value of key = value or key="value" in one line, or NULL. */
static char *desc_value(char *line, const char *key)
{
	size_t n = strlen(key);
	char *p;

	if (strncasecmp(line, key, n) != 0)
		return NULL;
	p = line + n + strspn(line + n, " \t");
	if (*p != '=')
		return NULL;
	p += 1 + strspn(p + 1, " \t\"");
	p[strcspn(p, "\" \t")] = '\0';
	return p;
}

static bool is_extent(const char *line)
{
	size_t n = strcspn(line, " \t");

	return (n == 2 && strncmp(line, "RW", n) == 0) ||
	       (n == 6 && strncmp(line, "RDONLY", n) == 0) ||
	       (n == 8 && strncmp(line, "NOACCESS", n) == 0);
}

/* RW 20480 SPARSE "disk.vmdk": the file itself, by a name without a path. */
static const char *vmdk_extent(const char *line)
{
	const char *p = line + strcspn(line, " \t");

	p += *p != '\0';
	p += strspn(p, "0123456789");
	if (strncmp(p, " SPARSE \"", 9) != 0)
		return "it has an extent that is not sparse";
	if (strchr(p, '/') || strchr(p, '\\'))
		return "it has an extent in another folder";
	return NULL;
}

static const char *vmdk_type(const char *type)
{
	return strcmp(type, "monolithicSparse") == 0 ||
	       strcmp(type, "streamOptimized") == 0 ? NULL
		: "its type is not monolithicSparse or streamOptimized";
}

static const char *vmdk_desc(char *text)
{
	const char *type = NULL, *why = NULL;
	int extents = 0;
	char *line, *save, *v;

	for (line = strtok_r(text, "\r\n", &save); line && !why;
	     line = strtok_r(NULL, "\r\n", &save)) {
		line += strspn(line, " \t");
		if (is_extent(line)) {
			why = vmdk_extent(line);
			extents++;
		} else if (strncasecmp(line, "parentFileNameHint", 18) == 0) {
			why = "it has a parent";
		} else if ((v = desc_value(line, "createType"))) {
			type = v;
			why = vmdk_type(v);
		} else if ((v = desc_value(line, "parentCID"))) {
			why = strcasecmp(v, "ffffffff") ? "it has a parent"
							: NULL;
		}
	}
	if (why)
		return why;
	if (!type)
		return "it has no type";
	return extents == 1 ? NULL : "it has not exactly one extent";
}

/* A stream has its header again at its end, and readers believe that one. */
static const char *vmdk_footer(const struct inspect_source *src,
			       const uint8_t *h)
{
	uint8_t f[SECTOR];

	if (le64(h + 56) != VMDK_AT_END)
		return NULL;
	if (!get(src, f, sizeof(f), src->size - 2 * SECTOR) ||
	    memcmp(f, "KDMV", 4) != 0)
		return "its footer is missing";
	if (memcmp(f + 12, h + 12, 32) != 0)
		return "its header and footer differ";
	return NULL;
}

static const char *vmdk(const struct inspect_source *src, const uint8_t *h,
			struct inspect *out)
{
	uint64_t capacity = le64(h + 12), at = le64(h + 28);
	uint64_t sectors = le64(h + 36);
	const char *why;
	size_t n;
	char *text;

	why = set_size(out, bounded(capacity, SECTOR));
	if (why)
		return why;
	if (capacity == 0)
		return "it has no capacity of its own";
	if (at != 1 || sectors == 0 || sectors > VMDK_DESC_MAX / SECTOR)
		return "its descriptor is missing or misplaced";
	n = sectors * SECTOR;
	text = calloc(1, n + 1);
	if (!text || !get(src, text, n, SECTOR))
		why = "its descriptor is cut off";
	else
		why = vmdk_desc(text);
	free(text);
	return why ? why : vmdk_footer(src, h);
}

/* Readers know a bare descriptor by its first line that is no comment. */
static bool vmdk_is_text(const uint8_t *h)
{
	const char *p = (const char *)h, *end = p + HEAD_SIZE - 1;

	while (p < end && strchr("# \t\r\n", *p) && *p) {
		if (*p == '#')
			while (p < end && *p != '\n')
				p++;
		p++;
	}
	return p + 8 <= end && strncasecmp(p, "version=", 8) == 0;
}

static const char *vmdk_text(const struct inspect_source *src,
			     const uint8_t *h, struct inspect *out)
{
	(void)src;
	(void)h;
	out->virtual_size = 0;
	return "it is a VMDK descriptor without data";
}

/* -- VHD, VHDX, VDI ------------------------------------------------------- */

enum { VHD_FIXED = 2, VHD_DYNAMIC = 3, VDI_DYNAMIC = 1, VDI_FIXED = 2 };

static const char *vhd(const struct inspect_source *src, const uint8_t *h,
		       struct inspect *out)
{
	const char *why = set_size(out, bounded(be64(h + 48), 1));
	uint32_t type = be32(h + 60);

	(void)src;
	if (why)
		return why;
	return type == VHD_FIXED || type == VHD_DYNAMIC ? NULL
		: "it is a differencing disk";
}

static const char *vdi(const struct inspect_source *src, const uint8_t *h,
		       struct inspect *out)
{
	const char *why = set_size(out, bounded(le64(h + 0x170), 1));
	uint32_t type = le32(h + 0x4c);

	(void)src;
	if (why)
		return why;
	return type == VDI_DYNAMIC || type == VDI_FIXED ? NULL
		: "it is a differencing disk";
}

/* GUIDs as they lie in the file. */
static const uint8_t vhdx_metadata[16] = {
	0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
	0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const uint8_t vhdx_disk_size[16] = {
	0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
	0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
static const uint8_t vhdx_file_params[16] = {
	0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
	0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };

/* The offset that a table gives a GUID; entries of 32 bytes, GUID first. */
static int64_t vhdx_find(const struct inspect_source *src, int64_t entries,
			 uint32_t count, const uint8_t guid[16])
{
	uint8_t entry[32];

	for (uint32_t i = 0; i < count && i < 2048; i++) {
		if (!get(src, entry, sizeof(entry), entries + 32LL * i))
			return -1;
		if (memcmp(entry, guid, 16) == 0)
			return le32(entry + 16) |
			       (int64_t)(le32(entry + 20) & 0x7fffffff) << 32;
	}
	return -1;
}

static const char *vhdx(const struct inspect_source *src, const uint8_t *h,
			struct inspect *out)
{
	uint8_t table[32], size[8], params[8];
	int64_t meta, at;

	(void)h;
	out->virtual_size = 0;
	if (!get(src, table, 16, 192 * KIB) || memcmp(table, "regi", 4) != 0)
		return "its region table is missing";
	meta = vhdx_find(src, 192 * KIB + 16, le32(table + 8), vhdx_metadata);
	if (meta < MIB || !get(src, table, 32, meta) ||
	    memcmp(table, "metadata", 8) != 0)
		return "its metadata is missing";
	at = vhdx_find(src, meta + 32, le16(table + 10), vhdx_file_params);
	if (at < 0 || !get(src, params, 8, meta + (at & 0xffffffff)))
		return "its parameters are missing";
	if (le32(params + 4) & 2)
		return "it is a differencing disk";
	at = vhdx_find(src, meta + 32, le16(table + 10), vhdx_disk_size);
	if (at < 0 || !get(src, size, 8, meta + (at & 0xffffffff)))
		return "its size is missing";
	return set_size(out, bounded(le64(size), 1));
}

static const char *ploop(const struct inspect_source *src, const uint8_t *h,
			 struct inspect *out)
{
	(void)src;
	return set_size(out, bounded(le64(h + 36), SECTOR));
}

/* -- which ---------------------------------------------------------------- */

static const struct magic {
	const char *format;
	int at;
	const char *bytes;
	size_t n;
	const char *(*look)(const struct inspect_source *src,
			    const uint8_t *h, struct inspect *out);
} magics[] = {
	{ "qcow2", 0, "QFI\xfb", 4, qcow2 },
	{ "qed", 0, "QED\0", 4, qed },
	{ "vmdk", 0, "KDMV", 4, vmdk },
	{ "vmdk", 0, "COWD", 4, vmdk_text },
	{ "vmdk", 0, "# Disk DescriptorFile", 21, vmdk_text },
	{ "vhd", 0, "conectix", 8, vhd },
	{ "vhdx", 0, "vhdxfile", 8, vhdx },
	{ "vdi", 0x40, "\x7f\x10\xda\xbe", 4, vdi },
	{ "ploop", 0, "WithoutFreeSpace", 16, ploop },
	{ "ploop", 0, "WithouFreSpacExt", 16, ploop },
};

/* A fixed VHD is the bare disk with a footer, by which readers know it. */
static bool fixed_vhd(const struct inspect_source *src, struct inspect *out)
{
	uint8_t f[SECTOR];

	if (!get(src, f, sizeof(f), src->size - SECTOR) ||
	    memcmp(f, "conectix", 8) != 0)
		return false;
	out->format = "vhd";
	out->unsafe = vhd(src, f, out);
	return true;
}

static const struct magic *next_magic(const uint8_t *head,
				      const struct magic *m)
{
	for (; m < magics + sizeof(magics) / sizeof(magics[0]); m++)
		if (memcmp(head + m->at, m->bytes, m->n) == 0)
			return m;
	return NULL;
}

static bool is_iso(const struct inspect_source *src)
{
	char iso[5];

	return get(src, iso, sizeof(iso), 32 * KIB + 1) &&
	       memcmp(iso, "CD001", sizeof(iso)) == 0;
}

void inspect(const struct inspect_source *src, struct inspect *out_r)
{
	uint8_t head[HEAD_SIZE] = { 0 };
	const struct magic *m;
	struct inspect other;
	bool iso, two = false;

	*out_r = (struct inspect){ .format = "raw",
				   .virtual_size = src->size };
	if (src->read(src->arg, head, sizeof(head), 0) < 0) {
		out_r->unsafe = "it cannot be read";
		return;
	}
	m = next_magic(head, magics);
	iso = is_iso(src);
	if (m) {
		out_r->format = m->format;
		out_r->unsafe = m->look(src, head, out_r);
		two = iso || next_magic(head, m + 1);
	} else if (vmdk_is_text(head)) {
		out_r->format = "vmdk";
		out_r->unsafe = vmdk_text(src, head, out_r);
	} else if (iso) {
		out_r->format = "iso";
		two = fixed_vhd(src, &other);
	} else {
		fixed_vhd(src, out_r);
	}
	if (two && !out_r->unsafe)
		out_r->unsafe = "it is another format, too";
}

void inspect_delta(const struct inspect_source *src, struct inspect *out_r)
{
	uint8_t head[HEAD_SIZE] = { 0 };

	inspect(src, out_r);
	if (strcmp(out_r->format, "qcow2") != 0)
		out_r->unsafe = "a delta is a qcow2";
	else if (src->read(src->arg, head, sizeof(head), 0) < 0)
		out_r->unsafe = "it cannot be read";
	else
		out_r->unsafe = qcow2_delta(head, out_r);
}

/* Formats that no reader looks into for other files. */
static bool is_plain(const char *format)
{
	static const char *const plain[] = { "raw", "iso", "ami", "ari",
					     "aki" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(format, plain[i]) == 0)
			return true;
	return false;
}

const char *inspect_refusal(const struct inspect *found, const char *claimed,
			    bool strict)
{
	if (found->unsafe)
		return found->unsafe;
	if (strcmp(found->format, claimed) == 0)
		return NULL;
	if (is_plain(found->format) && is_plain(claimed))
		return strict && strcmp(claimed, "iso") == 0
			? "it is not what disk_format says" : NULL;
	/* What is no VMDK is read as the descriptor of one. */
	if (strcmp(found->format, "raw") == 0 && !strict &&
	    strcmp(claimed, "vmdk") != 0)
		return NULL;
	return "it is not what disk_format says";
}
