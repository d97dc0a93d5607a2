/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/virt/user_net.h"

#include <stdint.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/mem.h"

#define METADATA 0xa9fea9feu		/* 169.254.169.254 */
#define LINK_LOCAL 0xa9fe0000u
#define LINK_LOCAL_GUEST 0xa9fe0a0au	/* 169.254.10.10 */
#define LINK_LOCAL_HOST 0xa9fea9fdu
#define LINK_LOCAL_DNS 0xa9fea9fcu

struct plan {
	uint32_t net, mask, host, guest;
};

/* The catalog keeps addresses as inet, so they are well formed. */
static uint32_t address(const char *text)
{
	unsigned int a, b, c, d;

	if (!text || sscanf(text, "%3u.%3u.%3u.%3u", &a, &b, &c, &d) != 4)
		return 0;
	return a << 24 | b << 16 | c << 8 | d;
}

static struct plan make_plan(const struct nic_spec *nic)
{
	struct plan p = {
		.mask = 0xffff0000,
		.host = address(nic->gateway),
		.guest = address(nic->address),
	};

	while (p.mask && ((p.guest ^ METADATA) & p.mask))
		p.mask <<= 1;
	if (!p.mask || !p.host || ((p.host ^ METADATA) & p.mask)) {
		p.mask = 0xffff0000;
		p.host = LINK_LOCAL_HOST;
		p.guest = LINK_LOCAL_GUEST;
	}
	p.net = METADATA & p.mask;
	return p;
}

static void add_address(struct buf *b, const char *key, uint32_t a)
{
	buf_printf(b, "%s%u.%u.%u.%u", key, a >> 24, a >> 16 & 255,
		   a >> 8 & 255, a & 255);
}

/*
 * One word of the command that libslirp starts: quoted for the shell-like
 * splitting that GLib does, with commas doubled for QEMU's option parser.
 */
static void add_word(struct buf *b, const char *word)
{
	buf_addc(b, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_adds(b, "'\\''");
		else if (*word == ',')
			buf_adds(b, ",,");
		else
			buf_addc(b, *word);
	}
	buf_addc(b, '\'');
}

char *user_net_netdev(const struct nic_spec *nic, const char *id)
{
	struct plan p = make_plan(nic);
	struct buf b = { 0 };
	char *text;

	buf_printf(&b, "user,id=%s,restrict=on", id);
	add_address(&b, ",net=", p.net);
	add_address(&b, "/", p.mask);
	add_address(&b, ",host=", p.host);
	add_address(&b, ",dns=", LINK_LOCAL_DNS);
	add_address(&b, ",dhcpstart=", p.guest);
	if (nic->guestfwd && nic->metadata) {
		buf_adds(&b, ",guestfwd=tcp:169.254.169.254:80-cmd:");
		add_word(&b, nic->guestfwd);
		buf_addc(&b, ' ');
		add_word(&b, nic->metadata);
	}
	text = xstrdup(buf_str(&b));
	buf_fini(&b);
	return text;
}
