/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_CONTAINER_XML_H
#define LITE_CONTAINER_XML_H

#include "nova-lite/virt/domain_spec.h"
#include "nova-lite/virt/xml.h"

/* domain_xml's part for a machine that is a container (spec->init). */
void container_xml_put(struct xml *x, const struct domain_spec *spec);

#endif
