/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "glance-lite/manifest/tree.h"

enum { N_MAX = 7, CASES = 1000, LARGE = 65 };

/* An order of the nodes, tried to its end. */
struct orders {
	const double *cost;
	int n, taken[N_MAX];
	double best;
};

static double cheapest_source(const struct orders *o, int depth, int v)
{
	double best = o->cost[v], c;

	for (int i = 0; i < depth; i++) {
		c = o->cost[o->taken[i] * o->n + v];
		if (c < best)
			best = c;
	}
	return best;
}

/* All orders in which the sets can be made, each from the cheapest of what is
 * there by then. */
static void try_orders(struct orders *o, int depth, unsigned done,
		       double total)
{
	if (depth == o->n - 1) {
		if (total < o->best)
			o->best = total;
		return;
	}
	for (int v = 1; v < o->n; v++) {
		if (done & 1u << v)
			continue;
		o->taken[depth] = v;
		try_orders(o, depth + 1, done | 1u << v,
			   total + cheapest_source(o, depth, v));
	}
}

static double brute_force(const double *cost, int n)
{
	struct orders o = { .cost = cost, .n = n, .best = HUGE_VAL };

	try_orders(&o, 0, 0, 0);
	return o.best;
}

/* The sum of a plan, which must be one: all is made, sources come first. */
static double plan_total(const double *cost, int n)
{
	int source[LARGE], order[LARGE], at[LARGE] = { 0 };
	double total = 0;

	tree_make(cost, n, source);
	tree_order(source, n, order);
	assert_int_equal(source[0], 0);
	for (int i = 0; i < n - 1; i++) {
		int v = order[i];

		assert_in_range(v, 1, n - 1);
		assert_int_equal(at[v], 0);
		at[v] = i + 1;
		assert_true(source[v] == 0 || at[source[v]] > 0);
		total += cost[source[v] * n + v];
	}
	return total;
}

/* range: few different costs make many ties and circles. */
static void random_costs(double *cost, int n, int range)
{
	for (int i = 0; i < n * n; i++)
		cost[i] = random() % range;
	for (int u = 1; u < n; u++)
		for (int v = 1; v < n; v++)
			if (random() % 8 == 0)
				cost[u * n + v] = HUGE_VAL;
	/* What is stored is mostly further away than the others. */
	for (int v = 1; v < n; v++)
		cost[v] += (double)(random() % (2 * range));
}

static void test_brute_force(void **state)
{
	static const int ranges[] = { 2, 10, 1000000 };
	double cost[N_MAX * N_MAX];

	(void)state;
	srandom(20261121);
	for (int i = 0; i < CASES; i++) {
		int n = 2 + i % 6;		/* 1 to 6 sets */

		random_costs(cost, n, ranges[i % 3]);
		assert_true(plan_total(cost, n) == brute_force(cost, n));
	}
}

/* By hand: a circle 1 -> 2 -> 3 -> 1 that is broken where it is cheapest. */
static void test_circle(void **state)
{
	static const double cost[] = {
		0, 10, 12, 15,
		0, 0, 1, 9,
		0, 9, 0, 1,
		0, 1, 9, 0,
	};
	int source[4];

	(void)state;
	tree_make(cost, 4, source);
	assert_int_equal(source[1], 0);
	assert_int_equal(source[2], 1);
	assert_int_equal(source[3], 2);
	assert_true(plan_total(cost, 4) == 12);
}

/* Equal sets come from the first that is made, and all from the root when
 * nothing is cheaper. */
static void test_ties(void **state)
{
	static const double equal[] = {
		0, 5, 5, 5,
		0, 0, 0, 0,
		0, 0, 0, 0,
		0, 0, 0, 0,
	};
	static const double apart[] = { 0, 5, 5, 0, 0, 5, 0, 5, 0 };
	int source[4];

	(void)state;
	assert_true(plan_total(equal, 4) == 5);
	tree_make(apart, 3, source);
	assert_int_equal(source[1], 0);
	assert_int_equal(source[2], 0);
}

static void test_large(void **state)
{
	static double cost[LARGE * LARGE];
	double once;

	(void)state;
	srandom(7);
	for (int i = 0; i < 20; i++) {
		random_costs(cost, LARGE, 5);
		once = plan_total(cost, LARGE);
		assert_true(once == plan_total(cost, LARGE));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_brute_force),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
