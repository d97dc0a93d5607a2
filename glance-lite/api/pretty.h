/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLANCE_PRETTY_H
#define GLANCE_PRETTY_H

#include <jansson.h>

#include "common/base/buf.h"

/*
 * As Python's pprint.pformat(v, width=72), which jsonschema's messages quote
 * schemas with: sorted keys, and what does not fit in a line has one element a
 * line, here indented by `margin` more on all but the first. Keys hold no
 * quotes; long strings are not broken.
 */
void py_pretty(struct buf *out, json_t *v, int margin);

#endif
