/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_SSH_H
#define LITE_SSH_H

/*
 * SSH key pairs as Nova makes and accepts them. Public keys are OpenSSH's one
 * line form `type base64 comment`; what stands in the base64 is RFC 4253
 * section 6.6 (RSA), RFC 8709 (Ed25519) and RFC 5656 (ECDSA).
 */
#include <stddef.h>

#define SSH_FINGERPRINT_SIZE 48
#define SSH_RSA_BITS 2048

struct ssh_keypair {
	char *private_key;	/* PEM, "BEGIN RSA PRIVATE KEY" */
	char *public_key;	/* one line with Nova's comment, no newline */
	char fingerprint[SSH_FINGERPRINT_SIZE];
};

/* Generates an RSA key pair; takes 0.05 to 0.5 s, so not on a loop thread. */
void ssh_keypair_init(struct ssh_keypair *kp);
/* Clears the private key before it is freed. */
void ssh_keypair_fini(struct ssh_keypair *kp);

/*
 * Checks a public key: ssh-rsa (512 bits and more), ssh-ed25519 or
 * ecdsa-sha2-nistp256/384/521 with a well-formed blob of the same type; points
 * must lie on their curve. Anything may follow after white space. Writes
 * Nova's fingerprint, the blob's MD5 in pairs of hex digits. Returns 0 or -1.
 */
int ssh_public_key_check(const char *line,
			 char fingerprint_r[SSH_FINGERPRINT_SIZE]);

#endif
