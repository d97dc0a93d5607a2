/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_COST_H
#define GLANCE_COST_H

#include <stdint.h>

/*
 * What it costs to make a wanted set of files out of an image that holds
 * another one. All terms are seconds; the five models differ in which of them
 * they add (S: download and I: injection of missing files, R: removal and T:
 * transport of excess ones):
 *
 *	1  S		2  S + I	3  S + I + R	4  S + I + T + R
 *	5  a S + b I + c R
 */
enum { COST_MODELS = 5, COST_MODEL_DEFAULT = 5 };

struct cost_rates {
	double transfer;		/* bytes a second, > 0 */
	double injection, removal;	/* seconds a file */
};

struct cost_weights {
	double download, injection, removal;	/* a, b, c of model 5 */
};

struct cost_model {
	int number;			/* 1 to 5 */
	struct cost_rates rates;
	struct cost_weights weights;
};

/* What is to be done, counted. */
struct cost_work {
	int64_t missing;	/* files to inject */
	int64_t fetch;		/* bytes of them that the host does not hold */
	int64_t excess;		/* files to remove */
	int64_t carry;		/* bytes of them that must come along: none
				   from an image that the host holds */
};

/*
 * A model is a linear function of the work: a price for each of its members.
 * This is what a statement orders candidates by, in the order of addition and
 * the rounding of cost_of, so that both see the same numbers.
 */
struct cost_prices {
	double missing, fetch, excess, carry;
};
struct cost_prices cost_prices(const struct cost_model *m);

/* Each term in seconds, before weights, whether the model counts it or not;
 * the total is the model's, in whole nanoseconds, so that equal costs are
 * equal and integers below 2^53 add without error. */
struct cost {
	double download, injection, removal, transport;
	double total_ns;
};
struct cost cost_of(const struct cost_model *m, const struct cost_work *w);

#endif
