/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a server on this host, as tables of steps. */
#include <string.h>
#include <time.h>

#include "nova-lite/compute/boot.h"
#include "nova-lite/compute/container.h"
#include "nova-lite/compute/image_host.h"
#include "nova-lite/compute/made.h"
#include "nova-lite/compute/network.h"
#include "nova-lite/compute/rates.h"
#include "nova-lite/compute/rebuild.h"
#include "nova-lite/compute/system.h"

enum {
	WAIT_MS = 250,		/* between looks at a guest that stops */
	PRESS_MS = 10000,	/* the power button is pressed again */
};

/* -- acts ---------------------------------------------------------------- */

static int prepare(struct job *j, struct err *e)
{
	return instance_dir_make(job_agent(j), j->subject, e);
}

static int unprepare(struct job *j, struct err *e)
{
	if (job_agent(j)->containers)
		container_forget(job_agent(j), j->subject);
	return instance_dir_remove(job_agent(j), j->subject, e);
}

static int fetch_image(struct job *j, struct err *e)
{
	const char *id = row_text(&job_server(j)->row, server__image_id);
	struct image image;

	if (has_system(j))
		return server_system(j, e);
	if (job_agent(j)->containers)
		return err_set(e, ERR_BAD_REQUEST, "This host runs "
			       "containers, which share OS images; the "
			       "server's image is none.");
	if (!id)
		return err_set(e, ERR_BAD_REQUEST, "The server has no image.");
	if (image_get(&job_agent(j)->images, id, &image, e) < 0)
		return -1;
	rate_note(j, "transfer", image.fetched, image.took);
	return 0;
}

static int open_metadata(struct job *j, struct err *e)
{
	return instance_metadata_open(job_agent(j), j->subject, e);
}

static int close_metadata(struct job *j, struct err *e)
{
	return instance_metadata_close(job_agent(j), j->subject, e);
}

static int undefine(struct job *j, struct err *e)
{
	return virt_undefine(job_agent(j)->virt, j->subject, e);
}

static int start(struct job *j, struct err *e)
{
	return virt_start(job_agent(j)->virt, j->subject, e);
}

static int destroy(struct job *j, struct err *e)
{
	struct err why;

	if (virt_destroy(job_agent(j)->virt, j->subject, &why) < 0 &&
	    why.kind != ERR_NOT_FOUND) {
		*e = why;
		return -1;
	}
	if (job_agent(j)->containers)
		container_unmount(job_agent(j), j->subject);
	return 0;
}

/* -- asking a guest to stop ---------------------------------------------- */

static void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static bool is_off(struct job *j)
{
	struct virt_domain d;
	struct err e;

	if (virt_show(job_agent(j)->virt, j->subject, &d, &e) < 0)
		return e.kind == ERR_NOT_FOUND;
	return d.state == VIRT_SHUTDOWN || d.state == VIRT_CRASHED ||
	       d.state == VIRT_NOSTATE;
}

/*
 * Presses the power button until the guest is off, the time is over or a
 * delete waits. Never fails: what is still on is then destroyed.
 */
static int ask_to_stop(struct job *j, int seconds, struct err *e)
{
	struct err ignored;

	for (int ms = 0; ms < seconds * 1000; ms += WAIT_MS) {
		if (is_off(j))
			return 0;
		if (job_stopping(j))
			return err_set(e, ERR_UNAVAILABLE, NULL);
		if (ms % PRESS_MS == 0)
			virt_shutdown(job_agent(j)->virt, j->subject,
				      &ignored);
		if (ms % 1000 == 0 && job_cancelled(j))
			return 0;
		pause_ms(WAIT_MS);
	}
	return 0;
}

static int shut_down(struct job *j, struct err *e)
{
	return ask_to_stop(j, job_agent(j)->stop_seconds, e);
}

static int reboot_softly(struct job *j, struct err *e)
{
	const char *type = json_string_value(json_object_get(j->args, "type"));

	if (type && strcmp(type, "HARD") == 0)
		return 0;
	return ask_to_stop(j, job_agent(j)->reboot_seconds, e);
}

/* -- outcomes ------------------------------------------------------------ */

static int run(struct job *j, const struct sql_stmt *stmt, struct err *e)
{
	return sql_exec(j->conn, stmt, ARGS(j->subject), NULL, e);
}

static int end_action(struct job *j, bool failed, struct err *e)
{
	return sql_exec(j->conn, &SQL_action_end,
			ARGS(j->subject, j->request_id, failed,
			     failed ? j->error : NULL), NULL, e);
}

static int is_active(struct job *j, struct err *e)
{
	if (run(j, &SQL_server_active, e) < 0 ||
	    server_system_started(j, e) < 0)
		return -1;
	return end_action(j, false, e);
}

static int is_stopped(struct job *j, struct err *e)
{
	if (run(j, &SQL_server_stopped, e) < 0 ||
	    server_system_stopped(j, e) < 0)
		return -1;
	return end_action(j, false, e);
}

static int is_gone(struct job *j, struct err *e)
{
	if (run(j, &SQL_server_gone, e) < 0)
		return -1;
	return end_action(j, false, e);
}

/* state NULL: the one it had. */
static int has_failed(struct job *j, const char *state, struct err *e)
{
	struct rows rows = { 0 };
	struct virt_domain d;
	struct sql_arg power = sql_null();
	struct err ignored;

	if (virt_show(job_agent(j)->virt, j->subject, &d, &ignored) == 0)
		power = sql_arg_int(d.state);
	if (sql_exec(j->conn, &SQL_server_failed,
		     ARGS(j->subject, state, j->error, power), &rows, e) < 0)
		return -1;
	rows_fini(&rows);
	/* A failed delete has nothing to go back to, either. */
	if (server_system_failed(j, state != NULL, e) < 0)
		return -1;
	return end_action(j, true, e);
}

static int failed_to_build(struct job *j, struct err *e)
{
	if (run(j, &SQL_ports_release, e) < 0)
		return -1;
	return has_failed(j, "error", e);
}

static int is_rebuilt(struct job *j, struct err *e)
{
	if (rebuild_record(j, e) < 0)
		return -1;
	return end_action(j, false, e);
}

static int failed_for_good(struct job *j, struct err *e)
{
	return has_failed(j, "error", e);
}

static int failed_to_change(struct job *j, struct err *e)
{
	return has_failed(j, NULL, e);
}

/* -- the tables ---------------------------------------------------------- */

static const struct job_kind server_create = {
	.name = "server_create",
	.steps = (const struct job_step[]){
		{ "prepare", prepare, unprepare },
		{ "image", fetch_image, NULL },
		{ "boot", server_boot, NULL },		/* prepare's folder */
		{ "files", server_files, NULL },	/* the same */
		{ "disk", server_disks, NULL },		/* the same */
		{ "config_drive", server_config_drive, NULL },
		{ "metadata", open_metadata, close_metadata },
		{ "network", server_leases, server_unlease },
		{ "define", server_define, undefine },
		{ "start", start, destroy },
		{ NULL, NULL, NULL }
	},
	.load = server_load,
	.done = is_active,
	.failed = failed_to_build,
};

static const struct job_kind server_delete = {
	.name = "server_delete",
	.steps = (const struct job_step[]){
		{ "stop", destroy, NULL },
		{ "undefine", undefine, NULL },
		{ "network", server_unlease, NULL },
		{ "metadata", close_metadata, NULL },
		{ "disk", unprepare, NULL },
		{ NULL, NULL, NULL }
	},
	.preempts = true,
	.load = server_load,
	.done = is_gone,
	.failed = failed_for_good,
};

static const struct job_kind server_start = {
	.name = "server_start",
	.steps = (const struct job_step[]){
		{ "system", server_system, NULL },
		{ "boot", server_boot, NULL },
		{ "config_drive", server_system_drive, NULL },
		{ "metadata", open_metadata, NULL },
		{ "network", server_leases, NULL },
		{ "define", server_define, NULL },
		{ "start", start, NULL },
		{ NULL, NULL, NULL }
	},
	.load = server_load,
	.done = is_active,
	.failed = failed_to_change,
};

static const struct job_kind server_stop = {
	.name = "server_stop",
	.steps = (const struct job_step[]){
		{ "shutdown", shut_down, NULL },
		{ "destroy", destroy, NULL },
		{ NULL, NULL, NULL }
	},
	.load = server_load,
	.done = is_stopped,
	.failed = failed_to_change,
};

static const struct job_kind server_reboot = {
	.name = "server_reboot",
	.steps = (const struct job_step[]){
		{ "system", server_system, NULL }, /* or it goes on running */
		{ "boot", server_boot, NULL },		/* the same */
		{ "shutdown", reboot_softly, NULL },
		{ "destroy", destroy, NULL },
		{ "config_drive", server_system_drive, NULL },
		{ "metadata", open_metadata, NULL },
		{ "network", server_leases, NULL },
		{ "define", server_define, NULL },
		{ "start", start, NULL },
		{ NULL, NULL, NULL }
	},
	.load = server_load,
	.done = is_active,
	.failed = failed_to_change,
};

static const struct job_kind server_rebuild = {
	.name = "server_rebuild",
	.steps = (const struct job_step[]){
		{ "destroy", destroy, NULL },
		{ "clear", rebuild_clear, rebuild_clear },
		{ "image", fetch_image, NULL },
		{ "boot", server_boot, NULL },		/* clear's */
		{ "files", server_files, NULL },	/* the same */
		{ "disk", server_disks, NULL },		/* the same */
		{ "config_drive", server_config_drive, NULL },
		{ "metadata", open_metadata, NULL },
		{ "network", server_leases, NULL },
		{ "define", server_define, NULL },
		{ "start", rebuild_start, destroy },
		{ NULL, NULL, NULL }
	},
	.load = server_load,
	.done = is_rebuilt,
	.failed = failed_for_good,
};

const struct job_kind *const agent_kinds[] = {
	&server_create, &server_delete, &server_start, &server_stop,
	&server_reboot, &server_rebuild, &image_snapshot, &image_cache_fill,
	NULL
};
