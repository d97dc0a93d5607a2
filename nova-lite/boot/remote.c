/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/boot/boot.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/crypto/digest.h"
#include "nova-lite/boot/build.h"
#include "nova-lite/inject/child.h"

/* -- the digest ----------------------------------------------------------- */

enum { KNOWN_MAX = 8 };

/* Files of the system, which seldom change: read once. */
static struct known {
	char path[BOOT_PATH_MAX];
	struct timespec mtime;
	off_t size;
	char hex[DIGEST_HEX_SIZE];
} known[KNOWN_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int read_digest(const char *path, char hex_r[DIGEST_HEX_SIZE],
		       struct err *e)
{
	FILE *f = fopen(path, "re");
	struct digest d;
	char data[1 << 14];
	size_t n;

	if (!f)
		return err_errno(e, "%s", path);
	digest_init(&d, DIGEST_SHA256);
	while ((n = fread(data, 1, sizeof(data), f)) > 0)
		digest_update(&d, data, n);
	digest_hex(&d, hex_r);
	digest_fini(&d);
	fclose(f);
	return 0;
}

static bool is_same(const struct known *k, const char *path,
		    const struct stat *st)
{
	return strcmp(k->path, path) == 0 && k->size == st->st_size &&
		memcmp(&k->mtime, &st->st_mtim, sizeof(k->mtime)) == 0;
}

/* k: the place of the path, or the first free one. */
static int know(struct known *k, const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(e, "%s", path);
	if (is_same(k, path, &st))
		return 0;
	if (read_digest(path, k->hex, e) < 0)
		return -1;
	snprintf(k->path, sizeof(k->path), "%s", path);
	k->mtime = st.st_mtim;
	k->size = st.st_size;
	return 0;
}

static int put_file(const char *path, struct buf *out, struct err *e)
{
	struct known *k = known;
	int rc;

	pthread_mutex_lock(&lock);
	while (k < known + KNOWN_MAX - 1 && k->path[0] &&
	       strcmp(k->path, path) != 0)
		k++;
	rc = know(k, path, e);
	if (rc == 0)
		buf_printf(out, "loader %s\n", k->hex);
	pthread_mutex_unlock(&lock);
	return rc;
}

static int put_files(const struct boot_params *p, const char *program,
		     struct buf *out, struct err *e)
{
	const char *const *f = loader_files(p->uefi);
	const char *slash = strrchr(program, '/');
	_cleanup_(cleanup_free) char *init =
		xasprintf("%.*snova-lite-boot-init",
			  slash ? (int)(slash + 1 - program) : 0, program);

	for (; *f; f++)
		if (put_file(*f, out, e) < 0)
			return build_fails(e, "loader", "a part of the boot "
					   "loader is not installed");
	return put_file(init, out, e);
}

int boot_digest(const json_t *boot, const char *program,
		char hex_r[BOOT_DIGEST_SIZE], struct err *e)
{
	_cleanup_(buf_fini) struct buf text = { 0 };
	char hex[DIGEST_HEX_SIZE];
	struct boot_params p;

	_Static_assert(BOOT_DIGEST_SIZE == 2 * SHA256_SIZE + 1, "SHA-256");
	if (boot_params_read(boot, &p, e) < 0)
		return -1;
	buf_adds(&text, "lite-boot 1\n");
	if (put_files(&p, program, &text, e) < 0)
		return -1;
	boot_params_text(&p, &text);
	digest_hex_of(DIGEST_SHA256, text.data, text.len, hex);
	memcpy(hex_r, hex, BOOT_DIGEST_SIZE);
	return 0;
}

/* -- the program ---------------------------------------------------------- */

/* As a file in memory; NULLs are left out. */
static int request(const struct boot_job *job, struct err *e)
{
	json_t *v = json_pack("{sO s{ss* ss* ss*} ss}", "boot", job->boot,
			      "files", "kernel", job->kernel, "set", job->set,
			      "ramdisk", job->ramdisk, "out", job->out);
	int fd = memfd_create("boot", MFD_CLOEXEC);
	int rc = v && fd >= 0 ? json_dumpfd(v, fd, JSON_COMPACT) : -1;

	json_decref(v);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	cleanup_close(&fd);
	return err_errno(e, "boot: request");
}

static bool begins_with_step(const char *line)
{
	static const char *const steps[] = { "parameters: ", "kernel: ",
		"modules: ", "ramdisk: ", "loader: ", "write: " };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (strncmp(line, steps[i], strlen(steps[i])) == 0)
			return true;
	return false;
}

/* The first line is for users where it is the program's own, and not what a
 * library says that ends it. */
static int tell(struct child *c, struct err *e)
{
	char *end = strchr(c->words, '\n');

	if (!end || !begins_with_step(c->words)) {
		err_set(e, ERR_BAD_REQUEST, "build: it was given up");
		return err_detail(e, "%s", c->words);
	}
	*end = '\0';
	err_set(e, ERR_BAD_REQUEST, "%s", c->words);
	return err_detail(e, "%s", end + 1);
}

int boot_build(const struct boot_job *job, struct err *e)
{
	const char *const argv[] = { job->program, NULL };
	_cleanup_(cleanup_close) int fd = request(job, e);
	struct child c;

	if (fd < 0 || child_start(&c, argv, fd, fd, e) < 0)
		return -1;
	if (child_wait(&c, job->deadline, e) == 0)
		return 0;
	return tell(&c, e);
}
