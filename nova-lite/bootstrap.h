/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOVA_BOOTSTRAP_H
#define NOVA_BOOTSTRAP_H

#include "common/base/conf.h"

/* `nova-lite bootstrap`: first flavors and a first network. What is there by
 * name stays as it is, so that it may run at every start. 0 or -1. */
int bootstrap_run(const struct conf *conf, int argc, char **argv);

#endif
