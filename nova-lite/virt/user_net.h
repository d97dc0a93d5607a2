/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_USER_NET_H
#define LITE_USER_NET_H

#include "nova-lite/virt/domain_spec.h"

/*
 * The value of QEMU's -netdev for a NIC_USER: a network with nothing in it but
 * the guest, DHCP, and 169.254.169.254:80, where each connection is joined to
 * the machine's own metadata socket. No packet leaves the host. The caller
 * frees the result.
 *
 * QEMU wants the forwarded address inside the network and libslirp gives the
 * guest no route in a restricted one, so the network is the smallest that has
 * both the guest's address and the metadata's: the guest reaches it on the
 * link. Where there is none (their first bit differs, or no address is given)
 * the guest gets an address in 169.254.0.0/16 instead.
 */
char *user_net_netdev(const struct nic_spec *nic, const char *id);

#endif
