/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_JOB_INTERNAL_H
#define LITE_JOB_INTERNAL_H

#include <pthread.h>

#include "common/job/job.h"

struct job_engine {
	const struct job_conf *conf;
	struct sql_conn *conn;		/* the lock, the claims, LISTEN */
	struct sql_pool *pool;		/* the runs' */
	char token[37];			/* lite.jobs.claimed_by */
	char *kinds, *preempting;	/* as text[] */
	pthread_t claimer;
	bool started;
	int wake;			/* eventfd: a run ended, or stop */

	pthread_mutex_t lock;
	pthread_cond_t idle;
	int running;
	bool stopping;
};

/* A new job from a claimed row; the caller runs and frees it. */
struct job *job_new(struct job_engine *en, const struct row *row,
		    struct err *e);
void job_free(struct job *j);

/* Runs to its outcome, or until the engine stops. */
void job_run(struct job *j);

/* Sleeps ms, less when the engine stops. */
void job_engine_pause(struct job_engine *en, int ms);

/* See LITE_CRASH_AT, LITE_FAIL_AT. suffix: "", ":after", ":undo", ":undone" */
void job_crash_point(const struct job *j, const char *suffix);
bool job_fail_point(const struct job *j);

#endif
