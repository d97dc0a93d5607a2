/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/manifest/set.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "glance-lite/manifest/body.h"

#define OWNER_MAX 4294967294LL		/* (uid_t)-1 means "leave as it is" */
#define MODE_DEFAULT "0644"

struct file_in {
	const char *path, *sha256, *mode;
	int64_t size, uid, gid;
};

const struct jfield set_file_fields[] = {
	JF_STR(struct file_in, path, J_REQ, 2, SET_PATH_MAX),
	JF_STR(struct file_in, sha256, J_REQ, 64, 64),
	JF_INT(struct file_in, size, J_REQ, 0, SET_BYTES_MAX),
	JF_STR(struct file_in, mode, 0, 3, 4),
	JF_INT(struct file_in, uid, 0, 0, OWNER_MAX),
	JF_INT(struct file_in, gid, 0, 0, OWNER_MAX),
	JF_END
};

const char set_empty_digest[] = "e3b0c44298fc1c149afbf4c8996fb924"
				"27ae41e4649b934ca495991b7852b855";

/* -- one file ------------------------------------------------------------- */

/* What is wrong with a path, or NULL. */
static const char *path_flaw(const char *path)
{
	const char *p = path;
	size_t len;

	if (*p != '/')
		return "is not absolute";
	if (strlen(path) > SET_PATH_MAX)
		return "is longer than 4095 bytes";
	while (*p == '/') {
		len = strcspn(++p, "/");
		if (len == 0)
			return "has an empty name in it";
		if (strspn(p, ".") == len && len <= 2)
			return "has a name . or .. in it";
		if (len > 255)
			return "has a name of more than 255 bytes in it";
		p += len;
	}
	return NULL;
}

static const char *file_flaw(const struct file_in *in, const char **field_r)
{
	uint8_t hash[SHA256_SIZE];

	*field_r = "path";
	if (path_flaw(in->path))
		return path_flaw(in->path);
	*field_r = "sha256";
	if (hex_decode(hash, sizeof(hash), in->sha256, strlen(in->sha256)) < 0)
		return "is not 64 lower-case hex digits";
	*field_r = "mode";
	if (strspn(in->mode, "01234567") != strlen(in->mode))
		return "is not octal";
	return NULL;
}

static void record(const struct set_file *f, struct buf *out)
{
	buf_printf(out, "%s %lld %lld %lld %lld %s", f->sha256,
		   (long long)f->size, (long long)f->mode, (long long)f->uid,
		   (long long)f->gid, f->path);
	buf_addc(out, '\0');
}

static void sha256_hex(const struct buf *b, char hex_r[SET_HEX_SIZE])
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex_of(DIGEST_SHA256, b->data ? b->data : "", b->len, hex);
	memcpy(hex_r, hex, SET_HEX_SIZE);
}

static int file_parse(json_t *v, const char *where, struct set_file *f_r,
		      struct err *e)
{
	struct file_in in = { .mode = MODE_DEFAULT };
	const char *field, *flaw;
	struct buf b = { 0 };

	if (body_fields(v, where, set_file_fields, &in, e) < 0)
		return -1;
	flaw = file_flaw(&in, &field);
	if (flaw)
		return err_set(e, ERR_BAD_REQUEST, "Invalid %s.%s: it %s",
			       where, field, flaw);
	*f_r = (struct set_file){
		.path = in.path, .sha256 = in.sha256, .size = in.size,
		.mode = strtol(in.mode, NULL, 8),
		.uid = in.uid, .gid = in.gid,
	};
	record(f_r, &b);
	sha256_hex(&b, f_r->key);
	buf_fini(&b);
	return 0;
}

void set_file_write(struct jw *w, const struct set_file *f)
{
	j_obj(w, NULL);
	j_str(w, "path", f->path);
	j_str(w, "sha256", f->sha256);
	j_int(w, "size", f->size);
	j_strf(w, "mode", "%04llo", (unsigned long long)f->mode);
	j_int(w, "uid", f->uid);
	j_int(w, "gid", f->gid);
	j_end(w);
}

void set_files_write(struct jw *w, const char *key,
		     const struct set_file *const *files, size_t n)
{
	j_arr(w, key);
	for (size_t i = 0; i < n; i++)
		set_file_write(w, files[i]);
	j_end(w);
}

/* -- the set -------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct set_file *)a)->path,
		      ((const struct set_file *)b)->path);
}

static const struct set_file *find(const struct set *s, const char *path)
{
	struct set_file want = { .path = path };

	return bsearch(&want, s->files, s->n, sizeof(want), by_path);
}

/* No file stands where another needs a directory. */
static const char *parent_in(const struct set *s, const char *path,
			     struct arena *arena)
{
	char *dir = arena_strdup(arena, path), *end;

	while ((end = strrchr(dir, '/')) != dir) {
		*end = '\0';
		if (find(s, dir))
			return dir;
	}
	return NULL;
}

static int check_paths(const struct set *s, const char *where,
		       struct arena *arena, struct err *e)
{
	const char *parent;

	for (size_t i = 0; i < s->n; i++) {
		if (i && strcmp(s->files[i - 1].path, s->files[i].path) == 0)
			return err_set(e, ERR_BAD_REQUEST, "Invalid %s: path "
				       "%s is there twice", where,
				       s->files[i].path);
		parent = parent_in(s, s->files[i].path, arena);
		if (parent)
			return err_set(e, ERR_BAD_REQUEST, "Invalid %s: path "
				       "%s is a file, and a directory of %s",
				       where, parent, s->files[i].path);
	}
	return 0;
}

static void set_digest(struct set *s)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < s->n; i++)
		record(&s->files[i], &b);
	sha256_hex(&b, s->digest);
	buf_fini(&b);
}

static int too_large(const char *where, struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "Invalid %s: more than %d files or "
		       "%lld bytes", where, SET_FILES_MAX, SET_BYTES_MAX);
}

int set_parse(json_t *array, const char *where, struct arena *arena,
	      struct set *set_r, struct err *e)
{
	struct set s = { .n = json_array_size(array) };
	json_t *v;
	size_t i;

	if (!json_is_array(array))
		return err_set(e, ERR_BAD_REQUEST, "Invalid %s: it is not of "
			       "type 'array'", where);
	if (s.n > SET_FILES_MAX)
		return too_large(where, e);
	s.files = arena_zalloc(arena, (s.n + 1) * sizeof(*s.files));
	json_array_foreach(array, i, v) {
		if (file_parse(v, arena_printf(arena, "%s[%zu]", where, i),
			       &s.files[i], e) < 0)
			return -1;
		s.size += s.files[i].size;
	}
	if (s.size > SET_BYTES_MAX)
		return too_large(where, e);
	qsort(s.files, s.n, sizeof(*s.files), by_path);
	if (check_paths(&s, where, arena, e) < 0)
		return -1;
	set_digest(&s);
	*set_r = s;
	return 0;
}

size_t set_minus(const struct set *a, const struct set *b,
		 const struct set_file **out_r)
{
	size_t n = 0, j = 0;
	int order;

	for (size_t i = 0; i < a->n; i++) {
		order = 1;
		while (j < b->n && (order = strcmp(b->files[j].path,
						   a->files[i].path)) < 0)
			j++;
		if (j == b->n || order ||
		    strcmp(a->files[i].key, b->files[j].key) != 0)
			out_r[n++] = &a->files[i];
	}
	return n;
}
