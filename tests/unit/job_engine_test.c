/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The step engine on a real PostgreSQL. A job's steps make files in a folder
 * and its undos remove them, so that what was done can be counted after any
 * process has died anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "common/crypto/digest.h"
#include "common/job/job.h"
#include "common/sql/migrate.h"
#include "tests/unit/pg_rig.h"

#define HOST "rig"

static const char *dsn;
static struct sql_conn *db;
static char dir[] = "/tmp/lite-job-XXXXXX";

enum { G = 3 };
static const struct sql_stmt add = { "t_add",
	"insert into lite.jobs (kind, host, subject, args, request_id) "
	"values ($1, $2, $3::uuid, $4::jsonb, 'req-1') returning id",
	4, G, 0, NULL };
static const struct sql_stmt count = { "t_count",
	"select count(*) from lite.jobs", 0, G, 1, NULL };
static const struct sql_stmt outcome = { "t_outcome",
	"insert into outcome (subject, what, error) values ($1, $2, $3)",
	3, G, 2, NULL };
static const struct sql_stmt outcomes = { "t_outcomes",
	"select coalesce(string_agg(what, ' ' order by n), ''), "
	"coalesce(max(error), '') from outcome where subject = $1",
	1, G, 3, NULL };
static const struct sql_stmt kill_all = { "t_kill",
	"select pg_terminate_backend(pid) from pg_stat_activity "
	"where pid <> pg_backend_pid() and datname = current_database()",
	0, G, 4, NULL };
static const struct sql_stmt force = { "t_force",
	"update lite.jobs set step = $1, claimed_by = 'dead'",
	1, G, 5, NULL };

static void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* -- the steps ----------------------------------------------------------- */

static void file_of(const struct job *j, char path[256])
{
	snprintf(path, 256, "%s/%s.%s", dir, j->subject, j->step->name);
}

static int make(struct job *j, struct err *e)
{
	const char *fails = json_string_value(json_object_get(j->args,
							      "fail"));
	char path[256];
	int fd;

	file_of(j, path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return err_errno(e, "%s", path);
	close(fd);
	if (fails && strcmp(fails, j->step->name) == 0)
		return err_set(e, ERR_BAD_REQUEST, "told to fail");
	return 0;
}

static int unmake(struct job *j, struct err *e)
{
	char path[256];

	file_of(j, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "%s", path);
	return 0;
}

/* Waits for a delete, as a download or a guest that stops does. */
static int linger(struct job *j, struct err *e)
{
	for (int i = 0; i < 500; i++) {
		if (job_stopping(j))
			return err_set(e, ERR_UNAVAILABLE, NULL);
		if (job_cancelled(j))
			return 0;
		sleep_ms(10);
	}
	return err_set(e, ERR_INTERNAL, "nobody came");
}

static int say(struct job *j, const char *what, struct err *e)
{
	struct rows rows = { 0 };

	if (sql_exec(j->conn, &outcome, ARGS(j->subject, what, j->error),
		     &rows, e) < 0)
		return -1;
	rows_fini(&rows);
	return 0;
}

static int say_done(struct job *j, struct err *e)
{
	return say(j, j->kind->name, e);
}

static int say_failed(struct job *j, struct err *e)
{
	return say(j, j->cancelled ? "cancelled" : "failed", e);
}

static int refuse_load(struct job *j, struct err *e)
{
	(void)j;
	return err_set(e, ERR_NOT_FOUND, "no such subject");
}

static const struct job_kind build = {
	.name = "build",
	.steps = (const struct job_step[]){
		{ "one", make, unmake }, { "two", make, unmake },
		{ "three", make, unmake }, { "four", make, unmake },
		{ NULL, NULL, NULL } },
	.done = say_done, .failed = say_failed,
};
static const struct job_kind wait_kind = {
	.name = "wait",
	.steps = (const struct job_step[]){
		{ "one", make, unmake }, { "two", linger, NULL },
		{ "three", make, unmake }, { NULL, NULL, NULL } },
	.done = say_done, .failed = say_failed,
};
static const struct job_kind stop = {
	.name = "stop",
	.steps = (const struct job_step[]){
		{ "one", make, NULL }, { NULL, NULL, NULL } },
	.preempts = true,
	.done = say_done, .failed = say_failed,
};
static const struct job_kind lost = {
	.name = "lost",
	.steps = (const struct job_step[]){
		{ "one", make, unmake }, { NULL, NULL, NULL } },
	.load = refuse_load,
	.done = say_done, .failed = say_failed,
};
static const struct job_kind *const kinds[] = {
	&build, &wait_kind, &stop, &lost, NULL };

/* -- the rig ------------------------------------------------------------- */

static int64_t number(const struct sql_stmt *stmt)
{
	struct rows rows = { 0 };
	struct err e;
	struct row row;
	int64_t n;

	assert_int_equal(sql_exec(db, stmt, NO_ARGS, &rows, &e), 0);
	row = rows_at(&rows, 0);
	n = row_int(&row, 0);
	rows_fini(&rows);
	return n;
}

static void ask(const char *kind, const char *subject, const char *args)
{
	struct rows rows = { 0 };
	struct err e;

	if (sql_exec(db, &add, ARGS(kind, HOST, subject, args), &rows, &e) < 0)
		fail_msg("%s %s", e.msg, e.detail);
	rows_fini(&rows);
}

static void expect(const char *subject, const char *what, const char *error)
{
	struct rows rows = { 0 };
	struct err e;
	struct row row;

	assert_int_equal(sql_exec(db, &outcomes, ARGS(subject), &rows, &e), 0);
	row = rows_at(&rows, 0);
	assert_string_equal(row_text(&row, 0), what);
	assert_string_equal(row_text(&row, 1), error);
	rows_fini(&rows);
}

static int files_of(const char *subject)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int n = 0;

	while ((de = readdir(d)))
		n += strncmp(de->d_name, subject, strlen(subject)) == 0;
	closedir(d);
	return n;
}

static const struct job_conf *conf(void)
{
	static struct job_conf c = { .host = HOST, .kinds = kinds,
				     .workers = 4 };

	c.dsn = dsn;
	return &c;
}

static struct job_engine *engine(void)
{
	struct err e;
	struct job_engine *en = job_engine_new(conf(), &e);

	if (!en)
		fail_msg("%s %s", e.msg, e.detail);
	return en;
}

static void wait_empty(void)
{
	for (int i = 0; i < 1000 && number(&count) > 0; i++)
		sleep_ms(10);
	assert_int_equal(number(&count), 0);
}

/* Runs the jobs there are in this process. */
static void run_all(void)
{
	struct job_engine *en = engine();

	job_engine_start(en);
	wait_empty();
	job_engine_free(en, 5000);
}

/* A process that runs jobs until there are none, or dies of its fault. */
static int run_process(const char *crash, const char *fails)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err e;
		struct job_engine *en;

		setenv("LITE_CRASH_AT", crash, 1);
		if (fails)
			setenv("LITE_FAIL_AT", fails, 1);
		/* The parent's connection is the parent's. */
		db = sql_conn_new(dsn, &e);
		en = job_engine_new(conf(), &e);
		if (!db || !en)
			_exit(1);
		job_engine_start(en);
		for (int i = 0; i < 1000 && number(&count) > 0; i++)
			sleep_ms(5);
		job_engine_free(en, 5000);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* -- tests --------------------------------------------------------------- */

static void test_done(void **state)
{
	char id[UUID_SIZE];

	(void)state;
	uuid_v4(id);
	ask("build", id, "{}");
	run_all();
	expect(id, "build", "");
	assert_int_equal(files_of(id), 4);
}

static void test_failed(void **state)
{
	static const char *const at[] = { "one", "two", "three", "four" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		char id[UUID_SIZE], args[64];

		uuid_v4(id);
		snprintf(args, sizeof(args), "{\"fail\": \"%s\"}", at[i]);
		ask("build", id, args);
		run_all();
		expect(id, "failed", "told to fail");
		assert_int_equal(files_of(id), 0);
	}
}

/* Killed before and after each act: the next process goes on. */
static void test_crash_forward(void **state)
{
	static const char *const when[] = { "", ":after" };

	(void)state;
	for (const struct job_step *s = build.steps; s->name; s++) {
		for (size_t i = 0; i < ARRAY_LEN(when); i++) {
			char id[UUID_SIZE], at[64];

			uuid_v4(id);
			ask("build", id, "{}");
			snprintf(at, sizeof(at), "build.%s%s", s->name,
				 when[i]);
			assert_int_equal(run_process(at, NULL),
					 JOB_CRASH_STATUS);
			assert_int_equal(number(&count), 1);
			assert_int_equal(run_process("", NULL), 0);
			assert_int_equal(number(&count), 0);
			expect(id, "build", "");
			assert_int_equal(files_of(id), 4);
		}
	}
}

/* Killed before and after each undo: the next process goes on undoing. */
static void test_crash_backward(void **state)
{
	static const char *const when[] = { ":undo", ":undone" };

	(void)state;
	for (const struct job_step *s = build.steps; s->name; s++) {
		for (size_t i = 0; i < ARRAY_LEN(when); i++) {
			char id[UUID_SIZE], at[64];

			uuid_v4(id);
			ask("build", id, "{}");
			snprintf(at, sizeof(at), "build.%s%s", s->name,
				 when[i]);
			assert_int_equal(run_process(at, "build.four"),
					 JOB_CRASH_STATUS);
			assert_int_equal(run_process("", NULL), 0);
			expect(id, "failed", "LITE_FAIL_AT");
			assert_int_equal(files_of(id), 0);
		}
	}
}

static void test_order(void **state)
{
	char id[UUID_SIZE];

	(void)state;
	uuid_v4(id);
	ask("build", id, "{}");
	ask("build", id, "{\"fail\": \"three\"}");
	ask("build", id, "{}");
	run_all();
	expect(id, "build failed build", "told to fail");
}

/* More jobs than workers; subjects do not wait for each other's workers. */
static void test_many(void **state)
{
	char id[40][UUID_SIZE];

	(void)state;
	for (int i = 0; i < 40; i++) {
		uuid_v4(id[i]);
		ask("build", id[i], "{}");
	}
	run_all();
	for (int i = 0; i < 40; i++)
		expect(id[i], "build", "");
}

static void test_preempted(void **state)
{
	struct job_engine *en = engine();
	char id[UUID_SIZE];
	struct err e;

	(void)state;
	uuid_v4(id);
	ask("wait", id, "{}");
	job_engine_start(en);
	for (int i = 0; i < 500 && files_of(id) == 0; i++)
		sleep_ms(10);
	ask("stop", id, "{}");
	assert_int_equal(sql_notify(db, JOB_CHANNEL, HOST, &e), 0);
	wait_empty();
	job_engine_free(en, 5000);
	expect(id, "cancelled stop", "The operation was cancelled.");
	assert_int_equal(files_of(id), 1);
}

/* A stop of the engine leaves the record, and the next one goes on. */
static void test_stopped(void **state)
{
	struct job_engine *en = engine();
	char id[UUID_SIZE];

	(void)state;
	uuid_v4(id);
	ask("wait", id, "{}");
	job_engine_start(en);
	for (int i = 0; i < 500 && files_of(id) == 0; i++)
		sleep_ms(10);
	job_engine_free(en, 5000);
	assert_int_equal(number(&count), 1);
	expect(id, "", "");
	ask("stop", id, "{}");
	run_all();
	expect(id, "cancelled stop", "The operation was cancelled.");
}

static void test_one_engine(void **state)
{
	struct job_engine *en = engine();
	struct err e;

	(void)state;
	assert_null(job_engine_new(conf(), &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	job_engine_free(en, 1000);
	en = engine();
	job_engine_free(en, 1000);
}

static void test_load_fails(void **state)
{
	char id[UUID_SIZE];

	(void)state;
	uuid_v4(id);
	ask("lost", id, "{}");
	run_all();
	expect(id, "failed", "no such subject");
	assert_int_equal(files_of(id), 0);
}

/* Recorded by a program that had another table. */
static void test_unknown_step(void **state)
{
	struct rows rows = { 0 };
	char id[UUID_SIZE];
	struct err e;

	(void)state;
	uuid_v4(id);
	ask("build", id, "{}");
	assert_int_equal(sql_exec(db, &force, ARGS("gone"), &rows, &e), 0);
	rows_fini(&rows);
	run_all();
	expect(id, "failed", "The operation was begun by another version.");
}

/* Every connection is cut while jobs run. */
static void test_catalog_lost(void **state)
{
	struct job_engine *en = engine();
	char id[12][UUID_SIZE];
	struct rows rows = { 0 };
	struct err e;

	(void)state;
	for (int i = 0; i < 12; i++) {
		uuid_v4(id[i]);
		ask("build", id[i], "{}");
	}
	job_engine_start(en);
	for (int i = 0; i < 3; i++) {
		sleep_ms(7);
		assert_int_equal(sql_exec(db, &kill_all, NO_ARGS, &rows, &e),
				 0);
		rows_fini(&rows);
	}
	wait_empty();
	job_engine_free(en, 5000);
	for (int i = 0; i < 12; i++) {
		expect(id[i], "build", "");
		assert_int_equal(files_of(id[i]), 4);
	}
}

/* NOTIFY, not the poll, starts a job. */
static void test_woken(void **state)
{
	struct job_engine *en = engine();
	char id[UUID_SIZE];
	struct err e;
	usec_t took;

	(void)state;
	job_engine_start(en);
	sleep_ms(300);
	uuid_v4(id);
	took = usec_monotonic();
	ask("build", id, "{}");
	sql_notify(db, JOB_CHANNEL, HOST, &e);
	wait_empty();
	took = usec_monotonic() - took;
	job_engine_free(en, 5000);
	assert_true(took < 800000);
}

static int setup(void **state)
{
	struct err e;

	(void)state;
	dsn = pg_rig_start();
	db = sql_conn_new(dsn, &e);
	if (!db || !mkdtemp(dir) || sql_migrate(db, &e) < 0 ||
	    sql_script(db, "create table outcome (n bigint generated always "
		       "as identity, subject text, what text, error text)",
		       &e) < 0) {
		print_error("%s %s\n", e.msg, e.detail);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	char path[512];
	struct dirent *de;
	DIR *d = opendir(dir);

	(void)state;
	while ((de = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		unlink(path);
	}
	closedir(d);
	rmdir(dir);
	sql_conn_free(db);
	pg_rig_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_crash_forward),
		cmocka_unit_test(test_crash_backward),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_preempted),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_one_engine),
		cmocka_unit_test(test_load_fails),
		cmocka_unit_test(test_unknown_step),
		cmocka_unit_test(test_catalog_lost),
		cmocka_unit_test(test_woken),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
