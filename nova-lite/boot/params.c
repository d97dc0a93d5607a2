/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/boot/params.h"

#include <ctype.h>
#include <string.h>

#include "common/base/mem.h"

#define HASH_MAX 128
#define NAME_MAX_BYTES 64
#define RAMDISK_MAX (1 << 20)		/* MiB */

static int bad(struct err *e, const char *what)
{
	return err_set(e, ERR_BAD_REQUEST, "parameters: %s is not what it "
		       "should be", what);
}

static int read_hash(const json_t *boot, const char *key, const char **out_r,
		     struct err *e)
{
	const json_t *image = json_object_get(boot, key);
	const char *hash = json_string_value(json_object_get(image, "hash"));
	size_t n = hash ? strlen(hash) : 0;

	if (!image)
		return 0;
	if (n < 32 || n > HASH_MAX || strspn(hash, "0123456789abcdef") != n)
		return bad(e, key);
	*out_r = hash;
	return 0;
}

static bool is_module(const char *name)
{
	size_t n = name ? strlen(name) : 0, i;

	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_-", name[i]))
			return false;
	return n > 0 && n <= NAME_MAX_BYTES;
}

static int read_names(const json_t *boot, const char *key,
		      const json_t **out_r, struct err *e)
{
	const json_t *list = json_object_get(boot, key);
	json_t *name;
	size_t i;

	if (list && !json_is_array(list))
		return bad(e, key);
	json_array_foreach(list, i, name)
		if (!is_module(json_string_value(name)))
			return bad(e, key);
	*out_r = list;
	return 0;
}

static int read_choice(const json_t *boot, const char *key,
		       const char *const *choices, const char **out_r,
		       struct err *e)
{
	const char *s = json_string_value(json_object_get(boot, key));

	for (; *choices; choices++) {
		if (s && strcmp(s, *choices) == 0) {
			*out_r = *choices;
			return 0;
		}
	}
	return bad(e, key);
}

static int read_cmdline(const json_t *boot, struct boot_params *p,
			struct err *e)
{
	const json_t *v = json_object_get(boot, "cmdline");
	const char *s = json_string_value(v);

	if (v && !s)
		return bad(e, "cmdline");
	p->cmdline = s ? s : "";
	for (s = p->cmdline; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return bad(e, "cmdline");
	/* Our first process would not be the first, or not be there. */
	if (strstr(p->cmdline, "rdinit=") || strstr(p->cmdline, "initrd="))
		return bad(e, "cmdline");
	return s - p->cmdline <= BOOT_CMDLINE_MAX ? 0 : bad(e, "cmdline");
}

static int read_size(const json_t *boot, struct boot_params *p, struct err *e)
{
	const json_t *v = json_object_get(boot, "ramdisk_size");

	p->ramdisk_mib = json_integer_value(v);
	if (v && (p->ramdisk_mib <= 0 || p->ramdisk_mib > RAMDISK_MAX))
		return bad(e, "ramdisk_size");
	return 0;
}

int boot_params_read(const json_t *boot, struct boot_params *p_r,
		     struct err *e)
{
	static const char *const policies[] = { "any", "provided", "none",
						NULL };
	static const char *const firmwares[] = { "bios", "uefi", NULL };
	struct boot_params p = { 0 };
	const char *firmware;

	if (read_hash(boot, "kernel", &p.kernel, e) < 0 ||
	    read_hash(boot, "set", &p.set, e) < 0 ||
	    read_hash(boot, "ramdisk", &p.ramdisk, e) < 0 ||
	    read_names(boot, "base", &p.base, e) < 0 ||
	    read_names(boot, "modules", &p.modules, e) < 0 ||
	    read_choice(boot, "policy", policies, &p.policy, e) < 0 ||
	    read_choice(boot, "firmware", firmwares, &firmware, e) < 0 ||
	    read_size(boot, &p, e) < 0 || read_cmdline(boot, &p, e) < 0)
		return -1;
	if (!p.kernel)
		return bad(e, "kernel");
	if (!p.set && (json_array_size(p.base) || json_array_size(p.modules)))
		return bad(e, "set");
	p.uefi = strcmp(firmware, "uefi") == 0;
	*p_r = p;
	return 0;
}

static void put_names(struct buf *out, const char *what, const json_t *list)
{
	const json_t *name;

	for (size_t i = 0; i < json_array_size(list); i++) {
		name = json_array_get(list, i);
		buf_printf(out, "%s %s\n", what, json_string_value(name));
	}
}

void boot_params_text(const struct boot_params *p, struct buf *out)
{
	buf_printf(out, "firmware %s\nkernel %s\n", p->uefi ? "uefi" : "bios",
		   p->kernel);
	if (p->set)
		buf_printf(out, "set %s\n", p->set);
	put_names(out, "base", p->base);
	put_names(out, "module", p->modules);
	if (p->ramdisk)
		buf_printf(out, "ramdisk %s\n", p->ramdisk);
	if (p->ramdisk_mib)
		buf_printf(out, "ramdisk_size %lld\n",
			   (long long)p->ramdisk_mib);
	buf_printf(out, "policy %s\ncmdline %s\n", p->policy, p->cmdline);
}

/* What the user says comes last, because the last root= and console= count. */
void boot_cmdline(const struct boot_params *p, bool builtin, struct buf *out)
{
	buf_adds(out, "console=ttyS0 rdinit=/.lite/init");
	if (strcmp(p->policy, "provided") == 0)
		buf_adds(out, " module.sig_enforce=1");
	if (p->ramdisk_mib && builtin)
		buf_printf(out, " brd.rd_size=%lld",
			   (long long)p->ramdisk_mib * 1024);
	if (p->cmdline[0])
		buf_printf(out, " %s", p->cmdline);
}
