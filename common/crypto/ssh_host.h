/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SSH_HOST_H
#define LITE_SSH_HOST_H

/*
 * SSH host keys as ssh-keygen makes them: the private key in OpenSSH's own
 * form (PROTOCOL.key of OpenSSH), the public one in one line (RFC 4253, 5656,
 * 8709), without a comment.
 */
enum ssh_host_kind {
	SSH_HOST_RSA_3072, SSH_HOST_RSA_4096, SSH_HOST_ECDSA, SSH_HOST_ED25519
};

struct ssh_host_key {
	char *private_key;	/* "-----BEGIN OPENSSH PRIVATE KEY-----" ... */
	char *public_key;	/* "ssh-rsa AAAA..." */
};

/* Takes from a fraction of a millisecond (Ed25519) to seconds (RSA 4096). */
void ssh_host_key_init(struct ssh_host_key *k, enum ssh_host_kind kind);
/* Clears the private key before it is freed. */
void ssh_host_key_fini(struct ssh_host_key *k);

/* OpenSSH's fingerprint of a public line, "SHA256:...", or "" for none. */
#define SSH_SHA256_SIZE 52
void ssh_sha256(const char *public_key, char out_r[SSH_SHA256_SIZE]);

#endif
