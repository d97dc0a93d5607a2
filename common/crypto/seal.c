/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/digest.h"

enum { VERSION = 1, ID_SIZE = 4, NONCE_SIZE = 12, TAG_SIZE = 16,
       HEAD_SIZE = 1 + ID_SIZE + NONCE_SIZE };

/* -- keys ----------------------------------------------------------------- */

static uint32_t id_of(const uint8_t key[SEAL_KEY_SIZE])
{
	uint8_t md[SHA256_SIZE];

	sha256(key, SEAL_KEY_SIZE, md);
	return (uint32_t)md[0] << 24 | (uint32_t)md[1] << 16 |
		(uint32_t)md[2] << 8 | md[3];
}

static int add_line(struct seal_keys *k, char *line)
{
	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	line[strcspn(line, " \t")] = '\0';
	if (!*line)
		return 0;
	if (k->n == SEAL_KEYS_MAX ||
	    hex_decode(k->at[k->n].key, SEAL_KEY_SIZE, line,
		       strlen(line)) < 0)
		return -1;
	k->at[k->n].id = id_of(k->at[k->n].key);
	k->n++;
	return 0;
}

static int check_mode(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(e, "%s", path);
	if (st.st_mode & 077)
		return err_internal(e, "%s: others than its owner may use it "
				    "(mode %04o)", path, st.st_mode & 07777);
	return 0;
}

static int read_lines(struct seal_keys *k, FILE *f)
{
	char line[256];
	int rc = 0;

	while (rc == 0 && fgets(line, sizeof(line), f))
		rc = add_line(k, line);
	mem_clear(line, sizeof(line));
	return rc < 0 || k->n == 0 ? -1 : 0;
}

int seal_keys_read(struct seal_keys *k, const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	int rc;

	memset(k, 0, sizeof(*k));
	if (!f)
		return err_errno(e, "%s", path);
	rc = check_mode(fileno(f), path, e);
	if (rc == 0 && read_lines(k, f) < 0)
		rc = err_internal(e, "%s: not 1 to %d keys of 64 hex digits",
				  path, SEAL_KEYS_MAX);
	fclose(f);
	if (rc < 0)
		seal_keys_fini(k);
	return rc;
}

void seal_keys_fini(struct seal_keys *k)
{
	mem_clear(k, sizeof(*k));
}

/* -- sealing -------------------------------------------------------------- */

static void put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | p[3];
}

/* OpenSSL fails here only without memory. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

void seal(const struct seal_keys *k, const char *purpose, const void *data,
	  size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *nonce = out + 1 + ID_SIZE, *text = out + HEAD_SIZE;
	int len;

	out[0] = VERSION;
	put_u32(out + 1, k->at[0].id);
	random_bytes(nonce, NONCE_SIZE);
	must(ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL,
				       k->at[0].key, nonce));
	must(EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *)purpose,
			       (int)strlen(purpose)));
	must(EVP_EncryptUpdate(ctx, text, &len, data, (int)n));
	must(EVP_EncryptFinal_ex(ctx, text + len, &len));
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE,
				 text + n));
	EVP_CIPHER_CTX_free(ctx);
}

static const uint8_t *key_of(const struct seal_keys *k, uint32_t id)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->at[i].id == id)
			return k->at[i].key;
	return NULL;
}

ssize_t unseal(const struct seal_keys *k, const char *purpose,
	       const void *sealed, size_t n, void *out)
{
	const uint8_t *p = sealed, *key;
	EVP_CIPHER_CTX *ctx;
	int len, rest, ok;
	size_t size;

	if (n < SEAL_OVERHEAD || p[0] != VERSION)
		return -1;
	key = key_of(k, get_u32(p + 1));
	if (!key)
		return -1;
	size = n - SEAL_OVERHEAD;
	ctx = EVP_CIPHER_CTX_new();
	must(ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key,
				       p + 1 + ID_SIZE));
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
				 (void *)(p + HEAD_SIZE + size)));
	must(EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *)purpose,
			       (int)strlen(purpose)));
	must(EVP_DecryptUpdate(ctx, out, &len, p + HEAD_SIZE, (int)size));
	ok = EVP_DecryptFinal_ex(ctx, (uint8_t *)out + len, &rest);
	EVP_CIPHER_CTX_free(ctx);
	if (ok == 1)
		return (ssize_t)size;
	mem_clear(out, size);
	return -1;
}

/* -- texts ---------------------------------------------------------------- */

char *seal_text(const struct seal_keys *k, const char *purpose,
		const char *text)
{
	size_t n = strlen(text);
	_cleanup_(cleanup_free) uint8_t *sealed = xmalloc(n + SEAL_OVERHEAD);
	char *out = xmalloc(BASE64_TEXT_SIZE(n + SEAL_OVERHEAD));

	seal(k, purpose, text, n, sealed);
	base64_encode(BASE64_STD, out, sealed, n + SEAL_OVERHEAD);
	return out;
}

char *unseal_text(const struct seal_keys *k, const char *purpose,
		  const char *sealed)
{
	size_t size = strlen(sealed);
	_cleanup_(cleanup_free) uint8_t *data =
		xmalloc(BASE64_DATA_SIZE(size));
	ssize_t n = base64_decode(BASE64_STD, data, sealed, size);
	char *out;

	if (n < SEAL_OVERHEAD)
		return NULL;
	out = xcalloc(1, n - SEAL_OVERHEAD + 1);
	if (unseal(k, purpose, data, n, out) >= 0)
		return out;
	free(out);
	return NULL;
}
