/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "nova-lite/nova.h"

/* -- power ---------------------------------------------------------------- */

/* What compute.server_command takes; see catalog/0005_compute_rules.sql. */
struct command {
	const char *verb, *states, *tasks, *task, *args;
};

static int command_run(struct req *rq, const struct command *c)
{
	const char *id = path_server(rq);
	struct row row;

	if (!id || sql_one(rq, &SQL_server_command, &row,
			   ARGS(id, scope_of(rq), c->verb, c->states, c->tasks,
				c->task, c->args, caller_json(rq))) < 0)
		return -1;
	wake_agent(rq, row_text(&row, host__host));
	return reply(rq, 202);
}

int server_start(struct req *rq)
{
	static const struct command start = {
		"start", "{stopped}", "{}", "powering-on", "{}"
	};

	return command_run(rq, &start);
}

int server_stop(struct req *rq)
{
	static const struct command stop = {
		"stop", "{active,error}", "{}", "powering-off", "{}"
	};

	return command_run(rq, &stop);
}

/* A hard reboot is also the way out of a state that went wrong. */
int server_reboot(struct req *rq)
{
	static const struct command soft = {
		"reboot", "{active}", "{}", "rebooting", "{\"type\":\"SOFT\"}"
	};
	static const struct command hard = {
		"reboot", "{active,stopped,paused,suspended,error}",
		"{rebooting,reboot_pending,reboot_started,rebooting_hard}",
		"rebooting_hard", "{\"type\":\"HARD\"}"
	};
	struct reboot_in { const char *type; } in = { 0 };
	static const struct jfield fields[] = {
		JF_STR(struct reboot_in, type, J_REQ, 0, 255), JF_END
	};

	if (req_body(rq, "reboot", fields, &in) < 0)
		return -1;
	if (strcasecmp(in.type, "SOFT") == 0)
		return command_run(rq, &soft);
	if (strcasecmp(in.type, "HARD") == 0)
		return command_run(rq, &hard);
	return bad_string(rq, "type", in.type, "is not one of ['HARD', "
			  "'Hard', 'hard', 'SOFT', 'Soft', 'soft']");
}

/* -- locks ---------------------------------------------------------------- */

static int lock_set(struct req *rq, bool locked, const char *reason)
{
	const char *id = path_server(rq);
	int64_t n;

	if (!id)
		return -1;
	n = sql_run(rq, &SQL_server_lock,
		    ARGS(id, scope_of(rq), locked, reason));
	if (n <= 0)
		return n < 0 ? -1 : no_server(rq);
	return reply(rq, 202);
}

int server_lock(struct req *rq)
{
	struct lock_in { const char *locked_reason; } in = { 0 };
	static const struct jfield fields[] = {
		JF_STR_MV(struct lock_in, locked_reason, 0, 1, 255, 73, 999),
		JF_END
	};

	/* Before 2.73 the value means nothing. */
	if (req_mv(rq, 73) && jfields_has(rq->body, "lock") &&
	    req_body(rq, "lock", fields, &in) < 0)
		return -1;
	return lock_set(rq, true, in.locked_reason);
}

int server_unlock(struct req *rq)
{
	return lock_set(rq, false, NULL);
}
