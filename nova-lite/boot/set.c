/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Module sets: archives of lib/modules/RELEASE as the kernel's packages have
 * it, with depmod's indices. They are read twice: once for the indices and the
 * names, from which libkmod tells what a module needs and in which order, and
 * once for the modules chosen. Nothing but regular files below a folder of ours
 * is written, so an archive may hold what it likes.
 */
#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/boot/build.h"

#define PREFIX "lib/modules/"
#define STEP "modules"

enum {
	ENTRIES_MAX = 100000,
	MODULES_MAX = 512,
};
static const int64_t index_max = 64 << 20, module_max = 64 << 20,
	all_max = 2LL << 30;

static void archive_done(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
}

static void kmod_done(struct kmod_ctx **ctx)
{
	if (*ctx)
		kmod_unref(*ctx);
}

/* -- the archive ---------------------------------------------------------- */

static int damaged(struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);

	return build_fails(e, STEP, "the set is no archive that can be read: "
			   "%s", why ? why : "damaged");
}

/* It becomes a folder, an argument of depmod and a line for the guest. */
static bool is_release(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("._+~-", s[i]))
			return false;
	return n > 0 && isalnum((unsigned char)s[0]) &&
		!memmem(s, n, "..", 2);
}

/*
 * The next regular file of lib/modules/RELEASE: *name_r, without that, or
 * NULL at the end. All must be of one release.
 */
static int next_file(struct build *b, struct archive *a,
		     struct archive_entry **entry_r, const char **name_r,
		     struct err *e)
{
	const char *path;
	size_t n;
	int rc;

	while ((rc = archive_read_next_header(a, entry_r)) == ARCHIVE_OK) {
		path = archive_entry_pathname(*entry_r);
		if (archive_file_count(a) > ENTRIES_MAX ||
		    archive_filter_bytes(a, 0) > all_max)
			return build_fails(e, STEP, "the set is too large");
		if (!path || archive_entry_filetype(*entry_r) != AE_IFREG ||
		    archive_entry_hardlink(*entry_r))
			continue;
		path += strncmp(path, "./", 2) == 0 ? 2 : 0;
		if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
			continue;
		path += strlen(PREFIX);
		n = strcspn(path, "/");
		if (!path[n] || n >= sizeof(b->release))
			continue;
		if (!is_release(path, n))
			return build_fails(e, STEP, "the set has no release "
					   "that a kernel has");
		if (!b->release[0])
			memcpy(b->release, path, n);
		if (strlen(b->release) != n || memcmp(b->release, path, n))
			return build_fails(e, STEP, "the set is of more than "
					   "one release: %s, %.*s",
					   b->release, (int)n, path);
		*name_r = path + n + 1;
		return 0;
	}
	*name_r = NULL;
	return rc == ARCHIVE_EOF ? 0 : damaged(a, e);
}

static int open_set(const struct build *b, struct archive **a_r,
		    struct err *e)
{
	struct archive *a = archive_read_new();

	archive_read_support_format_tar(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	if (archive_read_open_filename(a, b->set, 1 << 16) == ARCHIVE_OK) {
		*a_r = a;
		return 0;
	}
	damaged(a, e);
	archive_read_free(a);
	return -1;
}

static void mkdirs(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
}

/*
 * Where a file of the release stands in the build's folder: what goes into the
 * image (TAKEN), or all there is, modules as empty files, for libkmod (ALL).
 */
#define TAKEN ""
#define ALL "all/"
static char *place_of(const struct build *b, const char *tree,
		      const char *name)
{
	return xasprintf("%s/%s" PREFIX "%s/%s", b->dir, tree, b->release,
			 name);
}

/* Of a stranger's file: nothing that leads elsewhere or needs quoting. */
static bool is_plain(const char *path)
{
	const char *p;

	for (p = path; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/_-.+,@", *p))
			return false;
	return p > path && p - path < 200 && *path != '/' &&
		!strstr(path, "..");
}

static int extract(struct archive *a, char *path, struct err *e)
{
	_cleanup_(cleanup_close) int fd = -1;

	mkdirs(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return build_errno(e, "write", path);
	errno = 0;
	if (archive_read_data_into_fd(a, fd) == ARCHIVE_OK)
		return 0;
	return errno == ENOSPC || errno == EFBIG || errno == EDQUOT ?
		build_errno(e, "write", path) : damaged(a, e);
}

/* -- the indices ---------------------------------------------------------- */

static bool is_index(const char *name)
{
	return strncmp(name, "modules.", 8) == 0 && !strchr(name, '/');
}

static bool is_module_file(const char *name)
{
	const char *dot = strrchr(name, '/');

	dot = dot ? strstr(dot, ".ko") : NULL;
	return dot && (!dot[3] || dot[3] == '.');
}

static int touch(const char *path, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(path, O_WRONLY | O_CREAT |
					       O_CLOEXEC, 0644);

	return fd < 0 ? build_errno(e, "write", path) : 0;
}

static int take_index(struct build *b, struct archive *a, const char *name,
		      struct err *e)
{
	_cleanup_(cleanup_free) char *path = place_of(b, ALL, name);

	if (is_index(name))
		return extract(a, path, e);
	mkdirs(path);
	return touch(path, e);
}

static int take_indices(struct build *b, struct err *e)
{
	_cleanup_(archive_done) struct archive *a = NULL;
	struct archive_entry *entry;
	const char *name;
	int64_t sum = 0;

	if (open_set(b, &a, e) < 0)
		return -1;
	while (true) {
		if (next_file(b, a, &entry, &name, e) < 0)
			return -1;
		if (!name)
			break;
		if (!is_plain(name) ||
		    (!is_index(name) && !is_module_file(name)))
			continue;
		sum += is_index(name) ? archive_entry_size(entry) : 0;
		if (sum > index_max)
			return build_fails(e, STEP, "the set is too large");
		if (take_index(b, a, name, e) < 0)
			return -1;
	}
	if (!b->release[0])
		return build_fails(e, STEP, "the set has no lib/modules");
	return 0;
}

/* -- what is needed ------------------------------------------------------- */

/* libkmod's callback has no room for it. */
static struct build *building;

static bool has_module(const struct build *b, const char *path)
{
	for (size_t i = 0; i < b->n_modules; i++)
		if (strcmp(b->modules[i].path, path) == 0)
			return true;
	return false;
}

static void needs(struct kmod_module *m, bool install, const char *options)
{
	struct build *b = building;
	const char *path = kmod_module_get_path(m);
	_cleanup_(cleanup_free) char *top = place_of(b, ALL, "");
	struct boot_module *new;

	(void)install, (void)options;
	if (!path || strncmp(path, top, strlen(top)) != 0)
		return;
	path += strlen(top);
	if (!is_plain(path) || has_module(b, path) ||
	    b->n_modules == MODULES_MAX)
		return;
	new = &b->modules[b->n_modules++];
	new->path = xstrdup(path);
	new->options = xstrdup("");
}

/* A name that the kernel has built in, or has not at all, adds nothing. */
static int add_module(struct build *b, struct kmod_ctx *ctx, const char *name,
		      bool *known_r)
{
	struct kmod_list *list = NULL, *at;
	int rc = kmod_module_new_from_lookup(ctx, name, &list);

	*known_r = rc >= 0 && list;
	kmod_list_foreach(at, list) {
		struct kmod_module *m = kmod_module_get_module(at);

		/* Not IGNORE_COMMAND: it leaves out soft dependencies. */
		kmod_module_probe_insert_module(m, KMOD_PROBE_DRY_RUN |
						KMOD_PROBE_IGNORE_LOADED,
						NULL, NULL, NULL, needs);
		kmod_module_unref(m);
	}
	kmod_module_unref_list(list);
	return b->n_modules < MODULES_MAX ? 0 : -1;
}

static int add_all(struct build *b, struct kmod_ctx *ctx, const json_t *names,
		   struct err *e)
{
	const char *name;
	bool known;

	for (size_t i = 0; i < json_array_size(names); i++) {
		name = json_string_value(json_array_get(names, i));
		if (add_module(b, ctx, name, &known) < 0)
			return build_fails(e, STEP, "more than %d modules",
					   MODULES_MAX - 1);
		if (!known)
			return build_fails(e, STEP, "the set has no module "
					   "%s", name);
	}
	return 0;
}

static int add_ramdisk(struct build *b, struct kmod_ctx *ctx, struct err *e)
{
	size_t before = b->n_modules;
	bool known;

	if (add_module(b, ctx, "brd", &known) < 0 || !known)
		return build_fails(e, "ramdisk", "the kernel has no driver "
				   "of RAM disks (brd)");
	b->brd_builtin = b->n_modules == before;
	for (size_t i = before; i < b->n_modules; i++) {
		struct boot_module *m = &b->modules[i];

		if (strncmp(module_file(m), "brd.ko", 6) != 0)
			continue;
		free(m->options);
		m->options = xasprintf("rd_nr=1 rd_size=%lld",
			(long long)b->params.ramdisk_mib * 1024);
	}
	return 0;
}

/* brd comes first: who asks for it by name as well has it with its size. */
static int resolve(struct build *b, struct err *e)
{
	static const char *const no_config[] = { NULL };
	_cleanup_(cleanup_free) char *top = place_of(b, ALL, "");
	_cleanup_(kmod_done) struct kmod_ctx *ctx = NULL;

	top[strlen(top) - 1] = '\0';
	ctx = kmod_new(top, no_config);
	if (!ctx || kmod_load_resources(ctx) < 0)
		return build_fails(e, STEP, "the set has no indices of "
				   "depmod");
	b->modules = xcalloc(MODULES_MAX, sizeof(*b->modules));
	building = b;
	if (b->params.ramdisk_mib && add_ramdisk(b, ctx, e) < 0)
		return -1;
	if (add_all(b, ctx, b->params.base, e) < 0)
		return -1;
	return add_all(b, ctx, b->params.modules, e);
}

/* -- the modules ---------------------------------------------------------- */

static int take_one(struct build *b, struct archive *a,
		    struct archive_entry *entry, const char *name,
		    struct err *e)
{
	_cleanup_(cleanup_free) char *path = place_of(b, TAKEN, name);

	if (archive_entry_size(entry) > module_max)
		return build_fails(e, STEP, "%s is too large", name);
	return extract(a, path, e);
}

static int check_complete(const struct build *b, struct err *e)
{
	for (size_t i = 0; i < b->n_modules; i++) {
		_cleanup_(cleanup_free) char *path =
			place_of(b, TAKEN, b->modules[i].path);

		if (access(path, R_OK) < 0)
			return build_fails(e, STEP, "the set lists %s, which "
					   "it does not hold",
					   b->modules[i].path);
	}
	return 0;
}

static int take_modules(struct build *b, struct err *e)
{
	_cleanup_(archive_done) struct archive *a = NULL;
	struct archive_entry *entry;
	const char *name;

	if (open_set(b, &a, e) < 0)
		return -1;
	while (true) {
		if (next_file(b, a, &entry, &name, e) < 0)
			return -1;
		if (!name)
			return check_complete(b, e);
		if (has_module(b, name) &&
		    take_one(b, a, entry, name, e) < 0)
			return -1;
	}
}

/* The kernel that a module says it was built for. */
static void built_for(struct kmod_ctx *ctx, const char *path,
		      char release_r[65])
{
	struct kmod_list *info = NULL, *at;
	struct kmod_module *m;

	release_r[0] = '\0';
	if (kmod_module_new_from_path(ctx, path, &m) < 0)
		return;
	kmod_module_get_info(m, &info);
	kmod_list_foreach(at, info) {
		const char *value = kmod_module_info_get_value(at);

		if (strcmp(kmod_module_info_get_key(at), "vermagic") == 0)
			snprintf(release_r, 65, "%.*s",
				 (int)strcspn(value, " "), value);
	}
	kmod_module_info_free_list(info);
	kmod_module_unref(m);
}

static int check_modules(const struct build *b, struct err *e)
{
	static const char *const no_config[] = { NULL };
	_cleanup_(kmod_done) struct kmod_ctx *ctx = kmod_new(b->dir,
							     no_config);
	char release[65];

	for (size_t i = 0; ctx && i < b->n_modules; i++) {
		_cleanup_(cleanup_free) char *path =
			place_of(b, TAKEN, b->modules[i].path);

		built_for(ctx, path, release);
		if (strcmp(release, b->release) != 0)
			return build_fails(e, STEP, "%s is for the kernel %s, "
					   "not %s", b->modules[i].path,
					   release[0] ? release : "of nobody",
					   b->release);
	}
	return 0;
}

/* For modprobe in the guest: of these modules alone, and what is built in. */
static int make_indices(const struct build *b, struct err *e)
{
	static const char *const kept[] = {
		"modules.order", "modules.builtin", "modules.builtin.modinfo",
	};
	const char *const argv[] = { "/sbin/depmod", "-b", b->dir, b->release,
				     NULL };

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		_cleanup_(cleanup_free) char *from = place_of(b, ALL, kept[i]);
		_cleanup_(cleanup_free) char *to = place_of(b, TAKEN, kept[i]);

		mkdirs(to);
		if (rename(from, to) < 0 && errno != ENOENT)
			return build_errno(e, "write", to);
	}
	return build_run(STEP, argv, e);
}

int set_take(struct build *b, struct err *e)
{
	if (!b->set)
		return b->params.ramdisk_mib ? build_fails(e, "ramdisk", "a "
			"size needs the kernel's modules, and it has none") :
			0;
	if (take_indices(b, e) < 0 || resolve(b, e) < 0 ||
	    take_modules(b, e) < 0 || check_modules(b, e) < 0)
		return -1;
	return make_indices(b, e);
}
