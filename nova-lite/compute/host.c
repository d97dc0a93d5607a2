/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/statvfs.h>

#include "common/json/out.h"
#include "nova-lite/compute/host.h"
#include "nova-lite/compute/tick.h"
#include "gen/compute_sql.h"

/* As Nova's hypervisor view shows it. */
static void cpu_info(const struct virt_host *h, struct buf *out)
{
	struct jw w;

	jw_init(&w, out);
	j_obj(&w, NULL);
	j_str(&w, "arch", h->arch);
	j_str(&w, "model", h->cpu_model);
	j_str(&w, "vendor", h->cpu_vendor);
	j_obj(&w, "topology");
	j_int(&w, "cells", 1);
	j_int(&w, "sockets", h->sockets);
	j_int(&w, "cores", h->cores);
	j_int(&w, "threads", h->threads);
	j_end(&w);
	j_arr(&w, "features");
	j_end(&w);
	j_end(&w);
}

static int disk_gb(const char *path, int64_t *gb_r, struct err *e)
{
	struct statvfs v;

	if (statvfs(path, &v) < 0)
		return err_errno(e, "%s", path);
	*gb_r = (int64_t)((unsigned long long)v.f_blocks * v.f_frsize >> 30);
	return 0;
}

static const char *number(char *out, size_t n, double v)
{
	snprintf(out, n, "%g", v);
	return out;
}

int host_register(struct agent *a, struct sql_conn *conn, struct err *e)
{
	_cleanup_(buf_fini) struct buf cpu = { 0 };
	char cpus[24], ram[24], disk[24];
	struct virt_host h;
	int64_t gb = 0;

	if (virt_host(a->virt, &h, e) < 0 ||
	    disk_gb(a->state_path, &gb, e) < 0)
		return -1;
	cpu_info(&h, &cpu);
	return sql_exec(conn, &SQL_host_register,
			ARGS((const char *)a->host, a->zone,
			     (const char *)h.type, h.version, a->my_ip,
			     a->url, (const char *)a->secret, buf_str(&cpu),
			     h.vcpus, h.memory_mb, gb,
			     number(cpus, sizeof(cpus), a->cpu_ratio),
			     number(ram, sizeof(ram), a->ram_ratio),
			     number(disk, sizeof(disk), a->disk_ratio)),
			NULL, e);
}

/* -- the heartbeat ------------------------------------------------------- */

static int beat(struct agent *a, struct sql_conn *conn, struct err *e)
{
	return sql_exec(conn, &SQL_host_heartbeat,
			ARGS((const char *)a->host), NULL, e);
}

static struct tick heartbeat = TICK("heartbeat", 5, beat);

int host_heartbeat_start(struct agent *a, struct err *e)
{
	return tick_start(&heartbeat, a, e);
}

void host_heartbeat_stop(void)
{
	tick_stop(&heartbeat);
}
