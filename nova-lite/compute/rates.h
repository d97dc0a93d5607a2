/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_COMPUTE_RATES_H
#define NOVA_COMPUTE_RATES_H

#include "nova-lite/compute/agent.h"

/*
 * Notes how long this host took for so many bytes ("transfer") or files
 * ("injection", "removal"), for the costs of candidates. 0 is no measurement.
 * They are means of what hosts do: a note that gets lost does not matter.
 */
void rate_note(struct job *j, const char *kind, int64_t amount, usec_t took);
/* Seconds to inject n files, by what was noted. */
double rate_injection(struct job *j, size_t n);

#endif
