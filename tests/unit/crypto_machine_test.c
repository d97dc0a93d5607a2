/* SPDX-License-Identifier: Apache-2.0 */
/* What machines get at their first boot: OpenSSH and OpenSSL are the judges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "common/base/mem.h"
#include "common/crypto/base64.h"
#include "common/crypto/jws.h"
#include "common/crypto/ltpa.h"
#include "common/crypto/ssh_host.h"
#include "common/crypto/x509.h"

static char dir[] = "/tmp/machine-XXXXXX";

static void save(const char *name, const char *text)
{
	_cleanup_(cleanup_free) char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

/* What a command in the folder prints, without the newline at the end. */
static char *said(const char *command)
{
	_cleanup_(cleanup_free) char *line = xasprintf("cd %s && %s", dir,
						       command);
	_cleanup_(buf_fini) struct buf out = { 0 };
	FILE *f = popen(line, "r");
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		buf_addc(&out, (char)c);
	if (pclose(f) != 0)
		fail_msg("%s: %s", command, buf_str(&out));
	if (out.len && out.data[out.len - 1] == '\n')
		out.len--;
	return xstrdup(buf_str(&out));
}

static void host_keys(void **state)
{
	static const struct {
		enum ssh_host_kind kind;
		const char *bits, *name;
	} all[] = {
		{ SSH_HOST_RSA_3072, "3072 ", "ssh-rsa " },
		{ SSH_HOST_RSA_4096, "4096 ", "ssh-rsa " },
		{ SSH_HOST_ECDSA, "256 ", "ecdsa-sha2-nistp256 " },
		{ SSH_HOST_ED25519, "256 ", "ssh-ed25519 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		_cleanup_(cleanup_free) char *line = NULL, *print = NULL;
		char mine[SSH_SHA256_SIZE];
		struct ssh_host_key k;

		ssh_host_key_init(&k, all[i].kind);
		save("key", k.private_key);
		line = said("ssh-keygen -y -f key");
		assert_string_equal(line, k.public_key);
		assert_memory_equal(line, all[i].name, strlen(all[i].name));
		save("key.pub", k.public_key);
		print = said("ssh-keygen -l -f key.pub");
		assert_memory_equal(print, all[i].bits, strlen(all[i].bits));
		ssh_sha256(k.public_key, mine);
		assert_non_null(strstr(print, mine));
		assert_int_equal(strlen(mine), 7 + 43);
		ssh_host_key_fini(&k);
	}
}

static void certificates(void **state)
{
	const char *const dns[] = { "vm-1.novalocal", "vm-1" };
	const char *const ips[] = { "192.168.233.7", "fd00::7" };
	struct x509_names names = { "vm-1.novalocal", dns, 2, ips, 2 };
	char *ca_key = x509_key_new(), *key = x509_key_new();
	char *ca = x509_authority_new(ca_key, "A cloud's own");
	_cleanup_(cleanup_free) char *text = NULL, *cert = NULL, *ours = NULL;
	_cleanup_(cleanup_free) char *theirs = NULL, *verified = NULL;
	struct err e;
	struct x509_authority *a = x509_authority_open(ca_key, ca, &e);

	(void)state;
	assert_non_null(a);
	assert_null(x509_authority_open("no key", ca, &e));
	assert_null(x509_authority_open(ca_key, "no certificate", &e));
	assert_null(x509_issue(a, "no key", &names, 30, &e));
	cert = x509_issue(a, key, &names, 30, &e);
	assert_non_null(cert);
	save("ca", ca);
	save("cert", cert);
	save("key", key);
	verified = said("openssl verify -x509_strict -CAfile ca "
			"-verify_hostname "
			"vm-1 -verify_ip 192.168.233.7 -purpose sslserver "
			"cert");
	assert_string_equal(verified, "cert: OK");
	free(verified);
	verified = said("openssl verify -CAfile ca -verify_ip fd00::7 cert");
	text = said("openssl x509 -in cert -noout -subject -nameopt RFC2253");
	assert_string_equal(text, "subject=CN=vm-1.novalocal");
	ours = said("openssl pkey -in key -pubout");
	theirs = said("openssl x509 -in cert -noout -pubkey");
	assert_string_equal(ours, theirs);
	free(said("! openssl verify -CAfile ca -verify_hostname vm-2 cert"));
	x509_authority_close(a);
	free(ca_key);
	free(key);
	free(ca);
}

/* A name is a name, whatever stands in it. */
static void names(void **state)
{
	static const char *const good[] = { "DNS:a,IP:1.2.3.4", "a\nb" };
	static const char *const bad_ips[] = { "1.2.3", "not", "1.2.3.4/8" };
	char *ca_key = x509_key_new();
	char *ca = x509_authority_new(ca_key, "x");
	struct err e;
	struct x509_authority *a = x509_authority_open(ca_key, ca, &e);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct x509_names n = { "cn", &good[i], 1, NULL, 0 };
		char *cert = x509_issue(a, ca_key, &n, 1, &e);
		char *line;

		assert_non_null(cert);
		save("cert", cert);
		line = said("openssl x509 -in cert -noout -ext subjectAltName"
			    " | grep -c 'IP Address' || true");
		assert_string_equal(line, "0");
		free(line);
		free(cert);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_ips); i++) {
		struct x509_names n = { "cn", NULL, 0, &bad_ips[i], 1 };

		assert_null(x509_issue(a, ca_key, &n, 1, &e));
		assert_int_equal(e.kind, ERR_BAD_REQUEST);
	}
	x509_authority_close(a);
	free(ca_key);
	free(ca);
}

/* -- signatures ----------------------------------------------------------- */

static ssize_t decode(const char *text, uint8_t *out)
{
	return base64_decode(BASE64_URL, out, text, strlen(text));
}

static bool holds(const json_t *signature, const char *payload,
		  const struct jws_key *k)
{
	const char *head = json_string_value(json_object_get(signature,
							     "protected"));
	const char *text = json_string_value(json_object_get(signature,
							     "signature"));
	_cleanup_(cleanup_free) char *input = xasprintf("%s.%s", head,
							payload);
	uint8_t public[64], sig[80], json[200];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *key;
	bool ok;

	assert_int_equal(decode(k->x, public), 32);
	assert_int_equal(decode(text, sig), 64);
	json[decode(head, json)] = '\0';
	assert_non_null(strstr((char *)json, k->kid));
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, 32);
	ok = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, sig, 64, (uint8_t *)input,
				 strlen(input)) == 1;
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(ctx);
	return ok;
}

static void signatures(void **state)
{
	static const char doc[] = "{\"a\": \"\\u00e9\"}";
	_cleanup_(buf_fini) struct buf out = { 0 };
	struct jws_key keys[2];
	const char *payload;
	uint8_t text[64];
	json_t *v, *list;

	(void)state;
	jws_key_new(&keys[0]);
	jws_key_new(&keys[1]);
	jws_sign(keys, 2, doc, strlen(doc), &out);
	v = json_loadb(out.data, out.len, 0, NULL);
	assert_non_null(v);
	payload = json_string_value(json_object_get(v, "payload"));
	assert_int_equal(decode(payload, text), strlen(doc));
	assert_memory_equal(text, doc, strlen(doc));
	list = json_object_get(v, "signatures");
	assert_int_equal(json_array_size(list), 2);
	for (int i = 0; i < 2; i++) {
		assert_true(holds(json_array_get(list, i), payload, &keys[i]));
		assert_false(holds(json_array_get(list, i), "e30", &keys[i]));
	}
	json_decref(v);
}

/* RFC 8037, appendix A: key, thumbprint, and signature of its example. */
static void rfc8037(void **state)
{
	_cleanup_(buf_fini) struct buf out = { 0 };
	uint8_t seed[48];
	struct jws_key k;

	(void)state;
	assert_int_equal(decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
				seed), 32);
	jws_key_of(&k, seed);
	assert_string_equal(k.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
	assert_string_equal(k.kid,
			    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	jws_public_write(k.kid, k.x, &out);
	assert_non_null(strstr(buf_str(&out), "\"crv\":\"Ed25519\""));
	assert_null(strstr(buf_str(&out), "nWGx"));
}

/* -- LTPA ----------------------------------------------------------------- */

static void ltpa(void **state)
{
	_cleanup_(buf_fini) struct buf keys = { 0 }, file = { 0 };
	_cleanup_(cleanup_free) char *des3 = NULL, *size = NULL;

	(void)state;
	ltpa_keys_new(&keys);
	assert_int_equal(ltpa_file(buf_str(&keys), "WebAS", "vm-1", "today",
				   &file), 0);
	assert_non_null(strstr(buf_str(&file), "CreationHost=vm-1\n"));
	save("ltpa.keys", buf_str(&file));
	save("keys", buf_str(&keys));
	/* As an importer reads it: with the password's SHA-1 as the key. */
	des3 = said("k=$(printf WebAS | sha1sum | cut -c 1-40)00000000; "
		    "sed -n 's/.*3DESKey=//p' ltpa.keys | tr -d '\\\\' | "
		    "base64 -d | openssl enc -d -des-ede3 -K $k | "
		    "base64 -w 0 | sed 's/^/3des=/'");
	assert_memory_equal(des3, buf_str(&keys), strlen(des3));
	size = said("sed -n 's/.*PublicKey=//p' ltpa.keys | tr -d '\\\\' | "
		    "base64 -d | wc -c");
	assert_string_equal(size, "132");
	assert_int_equal(ltpa_file("3des=x\n", "p", "h", "t", &file), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_keys),
		cmocka_unit_test(certificates),
		cmocka_unit_test(names),
		cmocka_unit_test(signatures),
		cmocka_unit_test(rfc8037),
		cmocka_unit_test(ltpa),
	};
	_cleanup_(cleanup_free) char *command = NULL;
	int rc;

	if (!mkdtemp(dir))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	command = xasprintf("rm -rf %s", dir);
	return system(command) ? 1 : rc;
}
