/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preloaded library under which a regular file with the sticky bit is a
 * block device, as far as LVM's tools look: with it they label a disk image
 * without root, loop devices or device mapper.
 */
#include <dlfcn.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int fix(int rc, struct stat *st)
{
	if (rc == 0 && S_ISREG(st->st_mode) && (st->st_mode & S_ISVTX)) {
		st->st_mode = S_IFBLK | 0600;
		st->st_rdev = makedev(7, 200);	/* as a loop device */
	}
	return rc;
}

/* The names that the C library gives these with 64-bit offsets. */
int stat(const char *path, struct stat *st)
{
	int (*real)(const char *, struct stat *) = dlsym(RTLD_NEXT, "stat64");

	return fix(real(path, st), st);
}

int lstat(const char *path, struct stat *st)
{
	int (*real)(const char *, struct stat *) = dlsym(RTLD_NEXT,
							 "lstat64");

	return fix(real(path, st), st);
}

int fstat(int fd, struct stat *st)
{
	int (*real)(int, struct stat *) = dlsym(RTLD_NEXT, "fstat64");

	return fix(real(fd, st), st);
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, void *) = dlsym(RTLD_NEXT, "ioctl");
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (request) {
	case BLKGETSIZE64:
		*(uint64_t *)arg = lseek(fd, 0, SEEK_END);
		return 0;
	case BLKSSZGET:
	case BLKPBSZGET:
		*(int *)arg = 512;
		return 0;
	}
	return real(fd, request, arg);
}
