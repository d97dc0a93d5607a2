/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/mem.h"
#include "glance-lite/manifest/cost.h"

/*
 * Computed by hand. The host moves 1,000 bytes a second, injects a file in 2 s
 * and removes one in 0.5 s; the weights of model 5 are a = 3, b = 0.5, c = 4.
 *
 * work: missing files, bytes of them to fetch, excess files, bytes to carry
 *
 *			 S	 I	 R	 T
 *	A  3 6000 2 4000	 6	 6	 1	 4
 *	B  1 0 0 0	 0	 2	 0	 0
 *	C  0 0 5 250	 0	 0	 2.5	 0.25
 *	D  0 0 0 0	 0	 0	 0	 0
 *	E  200 1 1 1	 0.001	 400	 0.5	 0.001
 */
static const struct cost_rates rates = { 1000, 2, 0.5 };
static const struct cost_weights weights = { 3, 0.5, 4 };
static const struct {
	struct cost_work work;
	double s, i, r, t;
	double total[COST_MODELS];	/* of models 1 to 5, seconds */
} table[] = {
	{ { 3, 6000, 2, 4000 }, 6, 6, 1, 4, { 6, 12, 13, 17, 25 } },
	{ { 1, 0, 0, 0 }, 0, 2, 0, 0, { 0, 2, 2, 2, 1 } },
	{ { 0, 0, 5, 250 }, 0, 0, 2.5, 0.25, { 0, 0, 2.5, 2.75, 10 } },
	{ { 0, 0, 0, 0 }, 0, 0, 0, 0, { 0, 0, 0, 0, 0 } },
	{ { 200, 1, 1, 1 }, 0.001, 400, 0.5, 0.001,
	  { 0.001, 400.001, 400.501, 400.502, 202.003 } },
};

static void assert_near(double got, double want)
{
	assert_true(fabs(got - want) < 1e-9);
}

static void test_models(void **state)
{
	struct cost_model m = { .rates = rates, .weights = weights };
	struct cost c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (m.number = 1; m.number <= COST_MODELS; m.number++) {
			c = cost_of(&m, &table[i].work);
			assert_near(c.download, table[i].s);
			assert_near(c.injection, table[i].i);
			assert_near(c.removal, table[i].r);
			assert_near(c.transport, table[i].t);
			assert_near(c.total_ns / 1e9,
				table[i].total[m.number - 1]);
		}
}

/* Weights are of model 5 alone. */
static void test_prices(void **state)
{
	struct cost_model m = { 1, { 4, 2, 0.5 }, { 3, 0.5, 4 } };
	static const struct cost_prices want[COST_MODELS] = {
		{ 0, 0.25, 0, 0 }, { 2, 0.25, 0, 0 }, { 2, 0.25, 0.5, 0 },
		{ 2, 0.25, 0.5, 0.25 }, { 1, 0.75, 2, 0 },
	};
	struct cost_prices got;

	(void)state;
	for (; m.number <= COST_MODELS; m.number++) {
		got = cost_prices(&m);
		assert_memory_equal(&got, &want[m.number - 1], sizeof(got));
	}
}

/* Costs that are the same in arithmetic are the same number. */
static void test_equal(void **state)
{
	struct cost_model m = { 5, { 3e7, 0.1, 0.1 }, { 1, 1, 1 } };
	struct cost a = cost_of(&m, &(struct cost_work){ 3, 0, 0, 0 });
	struct cost b = cost_of(&m, &(struct cost_work){ 1, 0, 2, 0 });
	struct cost c = cost_of(&m, &(struct cost_work){ 0, 9000000, 0, 0 });

	(void)state;
	assert_true(a.total_ns == 300000000);
	assert_true(a.total_ns == b.total_ns && a.total_ns == c.total_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_prices),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
