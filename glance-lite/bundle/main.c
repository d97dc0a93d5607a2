/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glance-lite-bundle IN OUT SCRIPT MAX_MB - turns the bundle IN, a tar archive,
 * perhaps compressed, into the squashfs OUT, for glance-lite, in a process of
 * its own. Every entry is looked at (check.h) and written anew on its way to
 * sqfstar: nothing is ever unpacked into a folder.
 *
 * Prints "script" where SCRIPT is a program of the tree, which then gets the
 * places that machines need, else "no script". What
 * is wrong with a bundle is printed as "ENTRY: why" before an exit with
 * BUNDLE_REFUSED.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glance-lite/bundle/bundle.h"
#include "glance-lite/bundle/check.h"

/* What is all zeros, say, is smaller by a thousand: no system is. */
#define RATIO_MAX 40
#define RATIO_FREE (64LL << 20)

struct job {
	struct archive *in, *out;
	struct bundle_tree tree;
	int64_t unpacked, max;
	pid_t sqfstar;
	int said;			/* a file with what it says */
};

/* The name stays one line, and readable. */
__attribute__((format(printf, 2, 3), noreturn))
static void refuse(const char *entry, const char *fmt, ...)
{
	va_list ap;

	for (; entry && *entry; entry++)
		putchar((unsigned char)*entry < 0x20 ? '?' : *entry);
	fputs(entry ? ": " : "", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(BUNDLE_REFUSED);
}

__attribute__((noreturn))
static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

/* -- sqfstar -------------------------------------------------------------- */

/* Returns where it reads from. */
static int start_sqfstar(struct job *j, const char *out)
{
	const char *argv[] = { "sqfstar", "-quiet", "-no-progress",
			       "-exit-on-error", "-force", "-comp", "lz4",
			       "-mem", "128M", "-mkfs-time", "0", out, NULL };
	int fds[2];

	j->said = memfd_create("said", 0);
	if (j->said < 0 || pipe(fds) < 0)
		die("pipe");
	j->sqfstar = fork();
	if (j->sqfstar < 0)
		die("fork");
	if (j->sqfstar == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[0], 0);
		dup2(j->said, 1);
		dup2(j->said, 2);
		close(fds[0]);
		close(fds[1]);
		execvp(argv[0], (char *const *)argv);
		die(argv[0]);
	}
	close(fds[0]);
	return fds[1];
}

static void end_sqfstar(struct job *j)
{
	char words[400];
	int status = 0;
	ssize_t n;

	while (waitpid(j->sqfstar, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return;
	n = pread(j->said, words, sizeof(words), 0);
	printf("sqfstar: status %#x: %.*s\n", status, n > 0 ? (int)n : 0,
	       words);
	exit(1);
}

/* -- entries -------------------------------------------------------------- */

static bool has_capabilities(struct archive_entry *ae)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(ae);
	while (archive_entry_xattr_next(ae, &name, &value, &size) ==
	       ARCHIVE_OK)
		if (strcmp(name, "security.capability") == 0)
			return true;
	return false;
}

static enum bundle_type type_of(struct archive_entry *ae)
{
	if (archive_entry_hardlink(ae))
		return BUNDLE_HARDLINK;
	switch (archive_entry_filetype(ae)) {
	case AE_IFREG: return BUNDLE_FILE;
	case AE_IFDIR: return BUNDLE_DIR;
	case AE_IFLNK: return BUNDLE_SYMLINK;
	default: return BUNDLE_OTHER;
	}
}

/* Only what an image keeps: no names of users, no flags, few attributes. */
static struct archive_entry *anew(const struct job *j,
				  const struct bundle_entry *e,
				  struct archive_entry *ae)
{
	struct archive_entry *n = archive_entry_new();
	const char *name;
	const void *value;
	size_t size;

	archive_entry_set_pathname(n, j->tree.path);
	archive_entry_set_perm(n, e->mode & 07777);
	archive_entry_set_uid(n, e->uid);
	archive_entry_set_gid(n, e->gid);
	archive_entry_set_mtime(n, archive_entry_mtime(ae), 0);
	archive_entry_set_filetype(n, e->type == BUNDLE_HARDLINK ? AE_IFREG :
				   archive_entry_filetype(ae));
	if (e->type == BUNDLE_FILE)
		archive_entry_set_size(n, archive_entry_size(ae));
	if (e->type == BUNDLE_SYMLINK)
		archive_entry_set_symlink(n, e->target);
	if (e->type == BUNDLE_HARDLINK)
		archive_entry_set_hardlink(n, j->tree.target);
	archive_entry_xattr_reset(ae);
	while (archive_entry_xattr_next(ae, &name, &value, &size) ==
	       ARCHIVE_OK)
		if (strcmp(name, "security.capability") == 0 ||
		    strncmp(name, "user.", 5) == 0)
			archive_entry_xattr_add_entry(n, name, value, size);
	return n;
}

static void count(struct job *j, int64_t n)
{
	int64_t packed = archive_filter_bytes(j->in, -1);

	j->unpacked += n;
	if (j->unpacked > j->max)
		refuse(j->tree.path, "with it the archive is larger than %lld "
		       "MiB unpacked", (long long)(j->max >> 20));
	if (j->unpacked > RATIO_FREE + RATIO_MAX * packed)
		refuse(j->tree.path, "the archive grows by more than %d when "
		       "it is unpacked", RATIO_MAX);
}

static void write_out(struct job *j, const void *data, size_t n)
{
	if (archive_write_data(j->out, data, n) < 0)
		end_sqfstar(j);
}

static void copy_data(struct job *j)
{
	static char data[1 << 16];
	la_ssize_t n;

	while ((n = archive_read_data(j->in, data, sizeof(data))) > 0) {
		count(j, n);
		write_out(j, data, (size_t)n);
	}
	if (n < 0)
		refuse(j->tree.path, "%s", archive_error_string(j->in));
}

static void take(struct job *j, struct archive_entry *ae)
{
	const char *path = archive_entry_pathname(ae);
	const char *link = archive_entry_hardlink(ae);
	struct bundle_entry e = {
		.path = path ? path : "",
		.type = type_of(ae),
		.mode = archive_entry_perm(ae),
		.uid = archive_entry_uid(ae),
		.gid = archive_entry_gid(ae),
		.target = link ? link : archive_entry_symlink(ae),
		.capable = has_capabilities(ae),
	};
	struct archive_entry *clean;

	if (bundle_take(&j->tree, &e) < 0)
		refuse(e.path, "%s", j->tree.why);
	/* Each costs something, if it is empty. */
	count(j, 512);
	if (!j->tree.path[0])
		return;
	clean = anew(j, &e, ae);
	/* Names in other sets of characters are written as they are. */
	if (archive_write_header(j->out, clean) < ARCHIVE_WARN)
		refuse(e.path, "%s", archive_error_string(j->out));
	archive_entry_free(clean);
	if (e.type == BUNDLE_FILE)
		copy_data(j);
}

/*
 * Where machines and containers mount what is theirs: nobody can make a place
 * in a read-only tree. In .oldroot libvirt's LXC driver leaves the host's.
 */
static void add_places(struct job *j)
{
	static const char *const places[] = { ".oldroot", "data", "dev",
					      "proc", "run", "sw", "sys" };
	struct archive_entry *ae;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (bundle_has(&j->tree, places[i]) &&
		    !bundle_is_dir(&j->tree, places[i]))
			refuse(places[i], "it is not a folder");
		if (bundle_has(&j->tree, places[i]))
			continue;
		ae = archive_entry_new();
		archive_entry_set_pathname(ae, places[i]);
		archive_entry_set_filetype(ae, AE_IFDIR);
		archive_entry_set_perm(ae, 0755);
		archive_write_header(j->out, ae);
		archive_entry_free(ae);
	}
}

/* -- the archive ---------------------------------------------------------- */

static void open_in(struct job *j, const char *path)
{
	j->in = archive_read_new();
	archive_read_support_filter_gzip(j->in);
	archive_read_support_filter_bzip2(j->in);
	archive_read_support_filter_xz(j->in);
	archive_read_support_filter_zstd(j->in);
	archive_read_support_format_tar(j->in);
	if (archive_read_open_filename(j->in, path, 1 << 16) != ARCHIVE_OK)
		refuse(NULL, "it is not a tar archive");
}

static void open_out(struct job *j, int fd)
{
	j->out = archive_write_new();
	archive_write_set_format_pax_restricted(j->out);
	archive_write_set_bytes_per_block(j->out, 1 << 16);
	if (archive_write_open_fd(j->out, fd) != ARCHIVE_OK)
		die("pipe");
}

static void copy(struct job *j)
{
	struct archive_entry *ae;
	int rc;

	while ((rc = archive_read_next_header(j->in, &ae)) == ARCHIVE_OK ||
	       rc == ARCHIVE_WARN)
		take(j, ae);
	if (rc != ARCHIVE_EOF)
		refuse(NULL, "it is not a tar archive: %s",
		       archive_error_string(j->in));
	if (j->tree.n == 0)
		refuse(NULL, "it is empty");
}

int main(int argc, char **argv)
{
	struct job j = { 0 };
	bool script;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: glance-lite-bundle IN OUT SCRIPT "
			"MAX_MB\n");
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("prctl");
	/* The names of an archive are, where they say nothing else, UTF-8. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* Its end of the pipe closes when sqfstar fails, which says why. */
	signal(SIGPIPE, SIG_IGN);
	j.max = atoll(argv[4]) << 20;
	bundle_tree_init(&j.tree);
	open_in(&j, argv[1]);
	fd = start_sqfstar(&j, argv[2]);
	open_out(&j, fd);
	copy(&j);
	script = bundle_executes(&j.tree, argv[3]);
	if (script)
		add_places(&j);
	archive_write_close(j.out);
	archive_write_free(j.out);
	close(fd);
	end_sqfstar(&j);
	puts(script ? "script" : "no script");
	archive_read_free(j.in);
	bundle_tree_fini(&j.tree);
	return 0;
}
