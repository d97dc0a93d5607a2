/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_INJECT_LAYERS_H
#define NOVA_INJECT_LAYERS_H

#include "common/base/buf.h"
#include "nova-lite/inject/inject.h"

/*
 * Refuses, with BAD_REQUEST, a qcow2 that keeps its data in a file of the
 * header's choice (CVE-2024-32498).
 */
int layers_check(const struct inject_disk *disk, struct err *e);

/*
 * QEMU's --blockdev argument for layers[i], node "layerI"; those it rests on
 * come first. Formats and backing layers are named outright, so nothing that
 * a header says leads to another file.
 */
const char *layers_option(const struct inject_disk *disk, size_t i,
			  struct buf *b);

#endif
