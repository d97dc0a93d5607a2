/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_MICROVERSION_H
#define NOVA_MICROVERSION_H

/*
 * Microversions (API guide, "Microversions"): a client asks for a version of
 * the API's details with one of
 *	OpenStack-API-Version: compute 2.53
 *	X-OpenStack-Nova-API-Version: 2.53
 * where the first may name several services, and wins. No header is 2.1.
 */

/* The newest minor version whose replies are all right here. */
#define MICROVERSION_MAX 93

enum microversion_result {
	MICROVERSION_OK,
	MICROVERSION_MALFORMED,		/* 400 */
	MICROVERSION_UNSUPPORTED,	/* 406 */
};

struct microversion {
	enum microversion_result result;
	int minor;		/* OK: 1 .. MICROVERSION_MAX */
	char asked[32];		/* what the client wrote, cut */
};

/* A pure function of the two headers' values, each of which may be NULL. */
struct microversion microversion_parse(const char *standard,
				       const char *legacy);

#endif
