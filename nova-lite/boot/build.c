/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/boot/build.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "nova-lite/inject/child.h"

#define RUN_TIME (60 * USEC_PER_SEC)

/* -- failing -------------------------------------------------------------- */

int build_fails(struct err *e, const char *step, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, ERR_BAD_REQUEST, "%s: %s", step, text);
}

int build_errno(struct err *e, const char *step, const char *path)
{
	int error = errno;

	build_fails(e, step, "%s", strerror(error));
	return err_detail(e, "%s", path);
}

int build_run(const char *step, const char *const *argv, struct err *e)
{
	struct child c;

	if (child_start(&c, argv, -1, STDIN_FILENO, e) < 0 ||
	    child_wait(&c, usec_monotonic() + RUN_TIME, e) < 0)
		return build_fails(e, step, "%s failed", argv[0]);
	return 0;
}

/* -- the folder ----------------------------------------------------------- */

void build_path(const struct build *b, const char *name,
		char path_r[BOOT_PATH_MAX])
{
	snprintf(path_r, BOOT_PATH_MAX, "%.400s/%.190s", b->dir, name);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static void remove_dir(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *module_file(const struct boot_module *m)
{
	const char *slash = strrchr(m->path, '/');

	return slash ? slash + 1 : m->path;
}

/* -- the kernel ----------------------------------------------------------- */

/* Of the setup header: Documentation/x86/boot.rst of the kernel. */
enum { MAGIC_AT = 0x202, VERSION_AT = 0x20e, HEAD = 0x300 };

static int read_at(int fd, off_t at, void *data, size_t n)
{
	return pread(fd, data, n, at) == (ssize_t)n ? 0 : -1;
}

/* The kernel's own name for its release, where the header has it. */
static void kernel_release(int fd, const unsigned char *head,
			   char release_r[65])
{
	unsigned at = head[VERSION_AT] | head[VERSION_AT + 1] << 8;
	char text[65] = "";

	if (at && pread(fd, text, sizeof(text) - 1, at + 0x200) > 0)
		text[strcspn(text, " ")] = '\0';
	strcpy(release_r, text);
}

int kernel_check(struct build *b, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(b->kernel, O_RDONLY |
					       O_CLOEXEC);
	unsigned char head[HEAD];
	char release[65];

	if (fd < 0)
		return build_errno(e, "kernel", b->kernel);
	if (read_at(fd, 0, head, sizeof(head)) < 0 ||
	    memcmp(head + MAGIC_AT, "HdrS", 4) != 0)
		return build_fails(e, "kernel", "not a Linux kernel for x86 "
				   "(bzImage)");
	kernel_release(fd, head, release);
	if (b->release[0] && release[0] && strcmp(b->release, release) != 0)
		return build_fails(e, "modules", "they are for the kernel %s, "
				   "not %s", b->release, release);
	return 0;
}

/* -- all ------------------------------------------------------------------ */

const char *const *loader_files(bool uefi)
{
	static const char *const bios_files[] = {
		ISOLINUX_BIN, ISOLINUX_MBR, ISOLINUX_C32, NULL
	};
	static const char *const uefi_files[] = { SYSTEMD_BOOT, NULL };

	return uefi ? uefi_files : bios_files;
}

static int check_loader(const struct build *b, struct err *e)
{
	const char *const *f = loader_files(b->params.uefi);

	for (; *f; f++)
		if (access(*f, R_OK) < 0)
			return build_errno(e, "loader", *f);
	return 0;
}

static int sync_out(const struct build *b, struct err *e)
{
	_cleanup_(cleanup_close) int fd = open(b->out, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0444) < 0 || fsync(fd) < 0)
		return build_errno(e, "write", b->out);
	return 0;
}

static int build_all(struct build *b, struct err *e)
{
	_cleanup_(buf_fini) struct buf cmdline = { 0 };

	if (check_loader(b, e) < 0 || set_take(b, e) < 0 ||
	    kernel_check(b, e) < 0 || initrd_make(b, e) < 0)
		return -1;
	boot_cmdline(&b->params, b->brd_builtin, &cmdline);
	if ((b->params.uefi ? uefi_write : bios_write)(b, buf_str(&cmdline),
						       e) < 0)
		return -1;
	return sync_out(b, e);
}

int build_image(struct build *b, struct err *e)
{
	int rc;

	snprintf(b->dir, sizeof(b->dir), "%.500s.d", b->out);
	remove_dir(b->dir);
	unlink(b->out);
	if (mkdir(b->dir, 0700) < 0)
		return build_errno(e, "write", b->dir);
	rc = build_all(b, e);
	remove_dir(b->dir);
	if (rc < 0)
		unlink(b->out);
	return rc;
}

void build_fini(struct build *b)
{
	for (size_t i = 0; i < b->n_modules; i++) {
		free(b->modules[i].path);
		free(b->modules[i].options);
	}
	free(b->modules);
}
