/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_JSON_REPR_H
#define LITE_JSON_REPR_H

#include <jansson.h>

#include "common/base/buf.h"

/*
 * Values as Python prints them, since the services' error messages quote
 * them so: {'name': 'x', 'n': None}. py_str differs for strings only, which
 * it leaves bare.
 */
void py_repr(struct buf *b, const json_t *v);
void py_str(struct buf *b, const json_t *v);

#endif
