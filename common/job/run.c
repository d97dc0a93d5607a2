/* SPDX-License-Identifier: Apache-2.0 */
/* One job, from its record to its outcome. */
#include <stdlib.h>
#include <string.h>

#include "common/job/internal.h"
#include "common/json/in.h"
#include "gen/common_sql.h"

enum { UNDO_TRIES = 3, PAUSE_MIN_MS = 250, PAUSE_MAX_MS = 8000 };

/* How a part of a run ended. LOST: the catalog does not answer. */
enum ended { DONE, FAILED, STOPPED, LOST };

static void trace(const struct job *j, enum job_phase phase, usec_t since,
		  const struct err *e)
{
	const struct job_conf *conf = j->engine->conf;

	if (conf->on_trace)
		conf->on_trace(j, phase, usec_monotonic() - since, e);
}

/* -- the record ---------------------------------------------------------- */

static char *keep(struct job *j, const char *s)
{
	return s ? arena_strdup(&j->arena, s) : NULL;
}

static const struct job_step *step_find(const struct job_kind *kind,
					const char *name)
{
	const struct job_step *s = kind->steps;

	while (s->name && strcmp(s->name, name) != 0)
		s++;
	return s->name ? s : NULL;
}

/*
 * A recorded step that the table does not have is of an older program: all
 * that may have been done is undone.
 */
static void place(struct job *j, const char *step)
{
	const struct job_step *s = j->kind->steps;

	if (!step)
		return;
	j->step = step_find(j->kind, step);
	if (j->step)
		return;
	while (s[1].name)
		s++;
	j->step = s;
	j->undoing = true;
	j->error = "The operation was begun by another version.";
}

static void read_record(struct job *j, const struct row *row)
{
	j->step = NULL;
	j->undoing = row_bool(row, job__undoing);
	j->error = keep(j, row_text(row, job__error));
	place(j, row_text(row, job__step));
}

static const struct job_kind *kind_find(const struct job_kind *const *kinds,
					const char *name)
{
	while (*kinds && strcmp((*kinds)->name, name) != 0)
		kinds++;
	return *kinds;
}

struct job *job_new(struct job_engine *en, const struct row *row,
		    struct err *e)
{
	const char *args = row_text(row, job__args);
	json_t *json = json_parse(args, strlen(args), e);
	struct job *j;

	if (!json)
		return NULL;
	j = xcalloc(1, sizeof(*j));
	arena_init(&j->arena);
	j->args = json;
	j->engine = en;
	j->user = en->conf->user;
	j->id = row_int(row, job__id);
	j->kind = kind_find(en->conf->kinds, row_text(row, job__kind));
	j->subject = keep(j, row_text(row, job__subject));
	j->request_id = keep(j, row_text(row, job__request_id));
	read_record(j, row);
	return j;
}

void job_free(struct job *j)
{
	json_decref(j->args);
	arena_fini(&j->arena);
	free(j);
}

static int record_in_tx(struct job *j, struct err *e)
{
	const char *none = "{}", *preempting = j->engine->preempting;
	struct rows rows = { 0 };

	if (sql_exec(j->conn, &SQL_job_record,
		     ARGS(j->id, j->step->name, j->undoing, j->error,
			  j->kind->preempts ? none : preempting), &rows,
		     e) < 0)
		return -1;
	if (rows.n == 1) {
		struct row row = rows_at(&rows, 0);

		j->cancelled = row_bool(&row, 0);
	}
	rows_fini(&rows);
	if (j->engine->conf->on_record)
		return j->engine->conf->on_record(j, e);
	return 0;
}

/* The record of j->step and j->undoing, before either is acted on. */
static int record(struct job *j, struct err *e)
{
	if (sql_begin(j->conn, e) < 0)
		return -1;
	if (record_in_tx(j, e) < 0 || sql_commit(j->conn, e) < 0) {
		sql_rollback(j->conn);
		return -1;
	}
	return 0;
}

/* -- the steps ----------------------------------------------------------- */

static int act(struct job *j, struct err *why)
{
	usec_t since = usec_monotonic();
	int r;

	job_crash_point(j, "");
	r = j->step->act(j, why);
	if (r == 0 && job_fail_point(j))
		r = err_set(why, ERR_INTERNAL, "LITE_FAIL_AT");
	if (r < 0 && job_stopping(j))
		return -1;
	trace(j, JOB_ACT, since, r < 0 ? why : NULL);
	job_crash_point(j, ":after");
	return r;
}

static enum ended forward(struct job *j, struct err *why)
{
	const struct job_step *s = j->step ? j->step : j->kind->steps;

	for (; s->name; s++) {
		if (job_stopping(j))
			return STOPPED;
		j->step = s;
		if (record(j, why) < 0)
			return LOST;
		if (j->cancelled) {
			err_set(why, ERR_CONFLICT, "The operation was "
				"cancelled.");
			return FAILED;
		}
		if (act(j, why) < 0)
			return job_stopping(j) ? STOPPED : FAILED;
	}
	return DONE;
}

/* What cannot be undone after some tries is left for reconciliation. */
static void try_undo(struct job *j)
{
	usec_t since = usec_monotonic();
	struct err e;
	int r = -1;

	for (int i = 0; i < UNDO_TRIES && r < 0 && !job_stopping(j); i++) {
		if (i > 0)
			job_engine_pause(j->engine, PAUSE_MIN_MS << (2 * i));
		r = j->step->undo(j, &e);
	}
	if (r == 0 || !job_stopping(j))
		trace(j, JOB_UNDO, since, r < 0 ? &e : NULL);
}

static void undo(struct job *j)
{
	job_crash_point(j, ":undo");
	if (j->step->undo)
		try_undo(j);
	job_crash_point(j, ":undone");
}

static enum ended backward(struct job *j, struct err *e)
{
	const struct job_step *s = j->step;

	j->undoing = true;
	for (; s && s >= j->kind->steps; s--) {
		if (job_stopping(j))
			return STOPPED;
		j->step = s;
		if (record(j, e) < 0)
			return LOST;
		undo(j);
	}
	return job_stopping(j) ? STOPPED : DONE;
}

/* -- the outcome --------------------------------------------------------- */

static int outcome_in_tx(struct job *j, struct err *e)
{
	int (*fn)(struct job *j, struct err *e) =
		j->undoing ? j->kind->failed : j->kind->done;
	struct rows rows = { 0 };

	if (fn && fn(j, e) < 0)
		return -1;
	if (sql_exec(j->conn, &SQL_job_delete, ARGS(j->id), &rows, e) < 0)
		return -1;
	rows_fini(&rows);
	return sql_commit(j->conn, e);
}

static enum ended outcome(struct job *j, struct err *e)
{
	usec_t since = usec_monotonic();

	if (sql_begin(j->conn, e) < 0)
		return LOST;
	if (outcome_in_tx(j, e) < 0) {
		sql_rollback(j->conn);
		return LOST;
	}
	trace(j, JOB_OUTCOME, since, NULL);
	return DONE;
}

/* The err of a failed step becomes the record's error. */
static void turn(struct job *j, const struct err *why)
{
	j->undoing = true;
	j->error = keep(j, why->msg);
}

/* Without its data (load) no step can be taken, neither back. */
static enum ended run_from_record(struct job *j, struct err *e)
{
	enum ended end = DONE;

	if (j->kind->load && j->kind->load(j, e) < 0) {
		if (e->kind == ERR_UNAVAILABLE)
			return LOST;
		turn(j, e);
		j->step = NULL;
	}
	if (!j->undoing) {
		end = forward(j, e);
		if (end == FAILED)
			turn(j, e);
	}
	if (j->undoing && (end == DONE || end == FAILED))
		end = backward(j, e);
	return end == DONE ? outcome(j, e) : end;
}

/* After the catalog was lost: 1 the record is read anew, 0 it is gone. */
static int reload(struct job *j, struct err *e)
{
	struct rows rows = { 0 };
	int found;

	if (sql_exec(j->conn, &SQL_job_show, ARGS(j->id), &rows, e) < 0)
		return -1;
	found = rows.n;
	if (found) {
		struct row row = rows_at(&rows, 0);

		read_record(j, &row);
	}
	rows_fini(&rows);
	return found;
}

static enum ended run_once(struct job *j, bool again, struct err *e)
{
	enum ended end;
	int found = 1;

	j->conn = sql_pool_get(j->engine->pool, e);
	if (!j->conn)
		return LOST;
	if (again)
		found = reload(j, e);
	end = found > 0 ? run_from_record(j, e) : found == 0 ? DONE : LOST;
	sql_pool_put(j->engine->pool, j->conn);
	j->conn = NULL;
	return end;
}

void job_run(struct job *j)
{
	int pause = PAUSE_MIN_MS;
	struct err e;

	for (bool again = false; !job_stopping(j); again = true) {
		if (run_once(j, again, &e) != LOST)
			return;
		trace(j, JOB_OUTCOME, usec_monotonic(), &e);
		job_engine_pause(j->engine, pause);
		pause = pause < PAUSE_MAX_MS ? pause * 2 : pause;
	}
}

bool job_cancelled(struct job *j)
{
	struct rows rows = { 0 };
	struct err ignored;

	if (j->kind->preempts || j->undoing || j->cancelled)
		return j->cancelled;
	if (sql_exec(j->conn, &SQL_job_cancelled,
		     ARGS(j->id, j->engine->preempting), &rows,
		     &ignored) < 0)
		return false;
	j->cancelled = rows.n > 0;
	rows_fini(&rows);
	return j->cancelled;
}
