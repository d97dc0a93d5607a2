/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_METADATA_VENDOR_H
#define NOVA_METADATA_VENDOR_H

#include <jansson.h>

#include "common/base/buf.h"

/*
 * {kind: {...}} as vendor data for cloud-init: a cloud-config in the member
 * "cloud-init" of vendor_data.json, with SSH host keys for its module ssh
 * (ssh_keys) and everything else for write_files, where activation-agent would
 * put it.
 */
void vendor_write(const json_t *material, struct buf *out);

#endif
