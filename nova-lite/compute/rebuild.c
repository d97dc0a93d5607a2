/* SPDX-License-Identifier: Apache-2.0 */
/* A server made anew: the same machine and ports, other disks. */
#include "nova-lite/compute/rebuild.h"

#include "nova-lite/compute/system.h"

static bool asked(const struct job *j, const char *flag)
{
	return json_is_true(json_object_get(j->args, flag));
}

static int write_row(struct job *j, const struct sql_stmt *stmt,
		     struct sql_arg value, struct err *e)
{
	return sql_exec(j->conn, stmt, ARGS(j->subject, value), NULL, e);
}

/* Not sooner: the old guest could ask for it. */
static int forget_first_boot(struct job *j, struct err *e)
{
	return sql_exec(j->conn, &SQL_first_boot_forget, ARGS(j->subject),
			NULL, e);
}

int rebuild_clear(struct job *j, struct err *e)
{
	static const char *const data[] = { SYSTEM_DATA, NULL };
	static const char *const preserved[] = {
		SYSTEM_DATA, "disk.eph0", "disk.swap", NULL
	};
	bool preserve = asked(j, "preserve_ephemeral");

	if (write_row(j, &SQL_server_task,
		      sql_arg_text("rebuild_block_device_mapping"), e) < 0 ||
	    instance_dir_clear(job_agent(j), j->subject,
			       preserve ? preserved : data, e) < 0 ||
	    forget_first_boot(j, e) < 0)
		return -1;
	return write_row(j, &SQL_server_task,
			 sql_arg_text("rebuild_spawning"), e);
}

int rebuild_start(struct job *j, struct err *e)
{
	if (asked(j, "stopped"))
		return 0;
	return virt_start(job_agent(j)->virt, j->subject, e);
}

int rebuild_record(struct job *j, struct err *e)
{
	bool stopped = asked(j, "stopped");

	if (write_row(j, &SQL_server_rebuilt, sql_arg_bool(stopped), e) < 0)
		return -1;
	return stopped ? 0 : server_system_started(j, e);
}
