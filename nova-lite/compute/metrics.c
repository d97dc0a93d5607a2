/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>

#include "common/service/req.h"
#include "nova-lite/compute/metrics.h"
#include "nova-lite/compute/wire.h"

static atomic_llong launches[MATCH_EXACT + 1];
static atomic_llong bytes_saved, usec_saved;
static atomic_llong snapshots[2], snapshot_bytes;
static atomic_llong boots[BOOT_EVENTS];

void metrics_launch(enum match match, const struct candidate *c,
		    int64_t bytes)
{
	atomic_fetch_add(&launches[match], 1);
	atomic_fetch_add(&bytes_saved, match == MATCH_EXACT ? bytes :
			 c->bytes_held);
	atomic_fetch_add(&usec_saved,
			 (long long)(c->seconds_saved * USEC_PER_SEC));
}

void metrics_snapshot(bool stored, int64_t bytes)
{
	atomic_fetch_add(&snapshots[stored], 1);
	atomic_fetch_add(&snapshot_bytes, stored ? bytes : 0);
}

void metrics_boot(enum boot_event event)
{
	atomic_fetch_add(&boots[event], 1);
}

static void head(struct buf *b, const char *name, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
}

static void one(struct buf *b, const char *name, const char *help,
		atomic_llong *v)
{
	head(b, name, help);
	buf_printf(b, "%s %lld\n", name, atomic_load(v));
}

static void put_launches(struct buf *b)
{
	static const char name[] = "lite_inject_launches_total";

	head(b, name, "Servers with files, by the image found for them.");
	for (int m = MATCH_BASE; m <= MATCH_EXACT; m++)
		buf_printf(b, "%s{match=\"%s\"} %lld\n", name,
			   match_names[m], atomic_load(&launches[m]));
}

static void put_snapshots(struct buf *b)
{
	static const char name[] = "lite_inject_snapshots_total";
	static const char *const results[] = { "failed", "stored" };

	head(b, name, "Made images, by what became of their snapshot.");
	for (int i = 0; i < 2; i++)
		buf_printf(b, "%s{result=\"%s\"} %lld\n", name, results[i],
			   atomic_load(&snapshots[i]));
}

static void put_boots(struct buf *b)
{
	static const char name[] = "lite_boot_images_total";
	static const char *const events[] = { "built", "found", "evicted" };

	head(b, name, "Boot images, by what became of them.");
	for (int i = 0; i < BOOT_EVENTS; i++)
		buf_printf(b, "%s{event=\"%s\"} %lld\n", name, events[i],
			   atomic_load(&boots[i]));
}

int metrics_show(struct req *rq)
{
	struct buf *b = &rq->http->out;

	put_launches(b);
	one(b, "lite_inject_bytes_not_transferred_total",
	    "Bytes of wanted files that the image found held already.",
	    &bytes_saved);
	head(b, "lite_inject_seconds_saved_total",
	     "By the rates of this host, against injection into the base.");
	buf_printf(b, "lite_inject_seconds_saved_total %.6f\n",
		   (double)atomic_load(&usec_saved) / USEC_PER_SEC);
	put_snapshots(b);
	one(b, "lite_inject_snapshot_bytes_total",
	    "Bytes of the snapshots stored.", &snapshot_bytes);
	put_boots(b);
	reply_header(rq, "Content-Type", "text/plain; version=0.0.4");
	return reply(rq, 200);
}
