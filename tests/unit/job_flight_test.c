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
static atomic_int runs, same, failed;

static int slow(void *arg, struct err *e)
{
	struct timespec t = { 0, 100000000 };

	nanosleep(&t, NULL);
	atomic_fetch_add(&runs, 1);
	return arg ? err_set(e, ERR_NOT_FOUND, "nothing there") : 7;
}

static void *thread(void *arg)
{
	struct err e = { 0 };
	int r = flight_do(flight, "key", slow, arg, &e);

	if (r == 7)
		atomic_fetch_add(&same, 1);
	if (r == -1 && e.kind == ERR_NOT_FOUND)
		atomic_fetch_add(&failed, 1);
	return NULL;
}

static void fly(void *arg)
{
	pthread_t t[THREADS];

	runs = same = failed = 0;
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
	runs = 0;
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
