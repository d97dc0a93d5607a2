/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_TREE_H
#define GLANCE_TREE_H

/*
 * The cheapest way to make each of some things, where one that is made may
 * serve to make the next: a minimum-cost arborescence (Chu and Liu 1965,
 * Edmonds 1967), exact, in O(n^3).
 *
 * cost[u * n + v] is that of making v from u: not negative, HUGE_VAL where v
 * cannot be made from u. 0 is the root, what is there already; everything can
 * be made from it (asserted). source_r[v] is what v is made from, for v from
 * 1 on; source_r[0] is 0. The same costs give the same answer. Sums are exact
 * as long as costs are integers and their sum is below 2^53.
 */
void tree_make(const double *cost, int n, int *source_r);

/* Numbers 1 to n-1 such that each comes behind its source, the lowest first
 * where several could be next. */
void tree_order(const int *source, int n, int *order_r);

#endif
