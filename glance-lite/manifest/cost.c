/* SPDX-License-Identifier: Apache-2.0 */
#include "glance-lite/manifest/cost.h"

#include <assert.h>
#include <math.h>

#define NS_PER_SEC 1e9

struct cost_prices cost_prices(const struct cost_model *m)
{
	static const struct cost_weights equal = { 1, 1, 1 };
	const struct cost_weights *w = m->number == 5 ? &m->weights : &equal;
	const struct cost_rates *r = &m->rates;
	struct cost_prices p = { .fetch = w->download / r->transfer };

	assert(m->number >= 1 && m->number <= COST_MODELS && r->transfer > 0);
	if (m->number >= 2)
		p.missing = w->injection * r->injection;
	if (m->number >= 3)
		p.excess = w->removal * r->removal;
	if (m->number == 4)
		p.carry = 1 / r->transfer;
	return p;
}

struct cost cost_of(const struct cost_model *m, const struct cost_work *w)
{
	struct cost_prices p = cost_prices(m);
	const struct cost_rates *r = &m->rates;

	return (struct cost){
		.download = (double)w->fetch / r->transfer,
		.injection = (double)w->missing * r->injection,
		.removal = (double)w->excess * r->removal,
		.transport = (double)w->carry / r->transfer,
		.total_ns = rint((p.missing * (double)w->missing +
				  p.fetch * (double)w->fetch +
				  p.excess * (double)w->excess +
				  p.carry * (double)w->carry) * NS_PER_SEC),
	};
}
