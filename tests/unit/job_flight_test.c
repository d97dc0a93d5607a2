/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "common/job/flight.h"

enum { THREADS = 16 };

static struct flight *flight;
static atomic_int arrived, expected, runs, same, failed;

static void pause_ms(int ms)
{
	struct timespec t = { 0, ms * 1000000L };

	nanosleep(&t, NULL);
}

/* Ends only when every thread is about to ask for it, and a while later. */
static int slow(void *arg, struct err *e)
{
	while (arrived < expected)
		pause_ms(1);
	pause_ms(300);
	atomic_fetch_add(&runs, 1);
	return arg ? err_set(e, ERR_NOT_FOUND, "nothing there") : 7;
}

static void *thread(void *arg)
{
	struct err e = { 0 };
	int r;

	atomic_fetch_add(&arrived, 1);
	r = flight_do(flight, "key", slow, arg, &e);

	if (r == 7)
		atomic_fetch_add(&same, 1);
	if (r == -1 && e.kind == ERR_NOT_FOUND)
		atomic_fetch_add(&failed, 1);
	return NULL;
}

static void fly(void *arg)
{
	pthread_t t[THREADS];

	arrived = runs = same = failed = 0;
	expected = THREADS;
	flight = flight_new();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, thread, arg);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	flight_free(flight);
}

static void test_one_for_all(void **state)
{
	(void)state;
	fly(NULL);
	assert_int_equal(runs, 1);
	assert_int_equal(same, THREADS);
}

static void test_failure_for_all(void **state)
{
	(void)state;
	fly(&runs);
	assert_int_equal(runs, 1);
	assert_int_equal(failed, THREADS);
}

static void test_again(void **state)
{
	struct err e;

	(void)state;
	runs = arrived = expected = 0;
	flight = flight_new();
	assert_int_equal(flight_do(flight, "a", slow, NULL, &e), 7);
	assert_int_equal(flight_do(flight, "a", slow, NULL, &e), 7);
	assert_int_equal(runs, 2);
	flight_free(flight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_for_all),
		cmocka_unit_test(test_failure_for_all),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
