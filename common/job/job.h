/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_JOB_H
#define LITE_JOB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/mem.h"
#include "common/base/timefmt.h"
#include "common/sql/sql.h"

/*
 * Long operations are tables of named steps. A row of lite.jobs asks for one
 * run through a table; the engine of the row's host claims it and, for each
 * step, records the step's name and then acts. A step that fails is undone,
 * and every step before it, in reverse, each undo recorded before it is begun.
 * The row is deleted in the transaction that writes the outcome.
 *
 * Whatever dies, the record tells the next start where to go on: the recorded
 * step is run (or undone) again. So every act and every undo must be
 * idempotent, and an undo must cope with an act that never began.
 *
 * Jobs of one subject run one at a time in the order of their ids.
 */
struct job;
struct job_engine;

struct job_step {
	const char *name;
	int (*act)(struct job *j, struct err *e);
	int (*undo)(struct job *j, struct err *e);	/* NULL: nothing */
};

struct job_kind {
	const char *name;			/* lite.jobs.kind */
	const struct job_step *steps;		/* name NULL ends */
	/* Cancels an earlier job of the subject before its next step. */
	bool preempts;
	/*
	 * Fills j->data, before the first step of a run; may be NULL. When it
	 * fails the job has failed and nothing is undone, but UNAVAILABLE is
	 * tried again.
	 */
	int (*load)(struct job *j, struct err *e);
	/*
	 * In the transaction that deletes the row: every step was done; or all
	 * was undone (j->error says why). Failing here is for the catalog
	 * only, and is tried again.
	 */
	int (*done)(struct job *j, struct err *e);
	int (*failed)(struct job *j, struct err *e);
};

/* One run, as its steps see it. Lives on one thread. */
struct job {
	int64_t id;
	const struct job_kind *kind;
	const char *subject, *request_id;
	json_t *args;
	const struct job_step *step;	/* the recorded one, or NULL */
	bool undoing;
	bool cancelled;			/* undone for a job that preempts */
	const char *error;		/* why it is undone; for the client */
	struct sql_conn *conn;		/* no transaction open in a step */
	struct arena arena;		/* for the run; also all the above */
	void *data;			/* of the kind */
	void *user;			/* of job_conf */
	struct job_engine *engine;
};

/* True when a job that preempts waits for this one: for steps that wait. */
bool job_cancelled(struct job *j);
/* True when the engine stops: a waiting step returns -1, whatever e holds;
 * the record stays and the next start runs the step again. */
bool job_stopping(const struct job *j);

enum job_phase { JOB_ACT, JOB_UNDO, JOB_OUTCOME };

struct job_conf {
	const char *dsn;
	const char *host;
	const struct job_kind *const *kinds;	/* NULL ends */
	int workers;				/* jobs at once */
	void *user;
	/* In the transaction that records j->step and j->undoing. */
	int (*on_record)(struct job *j, struct err *e);
	/* After a step, an undo or an outcome; e NULL: it went well. */
	void (*on_trace)(const struct job *j, enum job_phase phase,
			 usec_t took, const struct err *e);
};

/*
 * Makes this process the one engine of the host (CONFLICT when another one
 * lives) and frees what a dead one had claimed. conf and all it names are
 * borrowed. Nothing runs before job_engine_start: time to reconcile.
 */
struct job_engine *job_engine_new(const struct job_conf *conf, struct err *e);
void job_engine_start(struct job_engine *en);
/*
 * Claims no more and waits up to ms for steps that are being taken. Runs end
 * between two steps. When some do not in time, their memory is left to them.
 */
void job_engine_free(struct job_engine *en, int ms);

/* NOTIFY channel that wakes engines; the payload is the host. */
#define JOB_CHANNEL "lite_job"

/* One line "kind.step" for each step of each table, to stdout. */
void job_dump_steps(const struct job_kind *const *kinds);

/*
 * For tests: environment LITE_CRASH_AT=kind.step ends the process (status
 * 137) when the step is recorded and not begun; "kind.step:after" when it is
 * done and the next not recorded; ":undo" and ":undone" are the same of its
 * undo. LITE_FAIL_AT=kind.step makes the step fail when its act is done.
 */
#define JOB_CRASH_STATUS 137

#endif
