#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""First boots: what a machine saves, and what the service spends.

    first_boot.py [ROUNDS]      (default: 5)

In one Debian guest, by turns: its keys made there (RSA-4096 host key, TLS key
with a certificate, machine-id) and made ahead (activation-agent). Hand-outs
from a full pool. The filling of the pool against the making of keys alone.
"""
import base64
import ctypes
import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time

import bench
from bench import Cloud, ROOT, say, until

sys.path.insert(0, os.path.join(ROOT, "tests/api"))
import first_boot_rig as rig  # noqa: E402

UNIT = "/etc/systemd/system/activation-agent.service"
RAW_KEYS = 60

TURNS = r"""#!/bin/sh
exec >/dev/console 2>&1
now() { cut -d ' ' -f 1 /proc/uptime; }
for round in $(seq ROUNDS); do
    rm -f /var/lib/activation-agent/done /tmp/host /tmp/host.pub
    sleep 2
    began=$(now)
    /usr/sbin/activation-agent || echo "TURN failed"
    middle=$(now)
    ssh-keygen -q -t rsa -b 4096 -N '' -f /tmp/host
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj "/CN=$(hostname)" -keyout /tmp/key -out /tmp/cert 2>/dev/null
    rm -f /etc/machine-id
    systemd-machine-id-setup >/dev/null 2>&1
    echo "TURN $began $middle $(now)"
done
echo "TURN done"
"""


def cloud_of(kinds, low, high):
    return {"compute": True, "options": {"nova-lite-metadata": {
        ("metadata", "shared_secret_file"): rig.KEPT.name,
        ("first_boot", "seal_key_file"): rig.KEYS.name,
        ("first_boot", "kinds"): kinds,
        ("first_boot", "pool_low"): low, ("first_boot", "pool_high"): high}}}


# -- in the guest -------------------------------------------------------------

def forgive(cloud, ident, stop):
    """Lets the server ask again and again."""
    while not stop.wait(0.5):
        cloud.sql("delete from compute.first_boots where server_id = '%s'"
                  % ident)


def guest(cloud, rounds):
    script = TURNS.replace("ROUNDS", str(rounds)).encode()
    made = cloud.demo.post("compute", "/v2.1/servers", {"server": {
        "name": "bench", "imageRef": rig.upload(cloud), "flavorRef": "1",
        "metadata": {"first_boot": "true"},
        "user_data": base64.b64encode(script).decode(),
        # At the boot itself it would not be alone.
        "lite:files": [{"path": UNIT, "contents": base64.b64encode(
            b"[Service]\nExecStart=/bin/true\n").decode()}]}})
    ident = made.json["server"]["id"]
    stop = threading.Event()
    thread = threading.Thread(target=forgive, args=(cloud, ident, stop))
    thread.start()
    done = until(lambda: "TURN done" in rig.console(cloud, ident), 1500)
    stop.set()
    thread.join()
    text = rig.console(cloud, ident)
    if not done or "TURN failed" in text:
        raise RuntimeError(text[-2000:])
    cloud.demo.delete("compute", "/v2.1/servers/" + ident)
    return [tuple(map(float, m.groups())) for m in re.finditer(
        r"TURN (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)", text)]


def first_boots(rounds):
    with Cloud(**cloud_of("ssh_rsa_4096,machine_guid,tls", 4, 8)) as cloud:
        until(lambda: rig_levels(cloud) >= 24, 300)
        turns = guest(cloud, rounds)
    ahead = statistics.median(b - a for a, b, _ in turns)
    there = statistics.median(c - b for _, b, c in turns)
    say("keys made in the guest", there, "s")
    say("keys made ahead", ahead, "s")
    say("in the guest / ahead", there / max(ahead, 0.01), "x", 20,
        least=True)


def rig_levels(cloud):
    return int(cloud.sql("select count(*) from compute.key_pool")[0][0])


# -- hand-outs ----------------------------------------------------------------

def hand_outs(rounds):
    kinds = "ssh_ecdsa_p256,ssh_ed25519,ssh_rsa_3072,machine_guid,tls"
    count = 20 * rounds
    with Cloud(**cloud_of(kinds, 1, count)) as cloud:
        if not until(lambda: rig_levels(cloud) >= 5 * count, 600):
            raise RuntimeError("the pool does not fill")
        took = []
        for n in range(count - 5):
            ident = rig.server(cloud, "bench-%d" % n)
            began = time.monotonic()
            status, _ = rig.ask(cloud, ident)
            took.append(time.monotonic() - began)
            if status != 200:
                raise RuntimeError("hand-out: %d" % status)
    say("hand-out, p50 of %d" % len(took), statistics.median(took) * 1000,
        "ms", 5)


# -- the filling --------------------------------------------------------------

def metrics(cloud):
    """(made, seconds that their making alone took)."""
    conn = http.client.HTTPConnection(*cloud.urls["metadata"])
    conn.request("GET", "/metrics")
    text = conn.getresponse().read().decode()
    conn.close()
    return [float(re.search(name + r'\{kind="ssh_rsa_3072"\} (\S+)', text)
                  .group(1)) for name in
            ("lite_first_boot_made_total",
             "lite_first_boot_making_seconds_total")]


def next_key(cloud):
    """The moment when one more is in the pool, and what was made by then."""
    made, _ = metrics(cloud)
    while True:
        now = metrics(cloud)
        if now[0] > made:
            return time.monotonic(), now
        time.sleep(0.005)


def raw_rate():
    """RSA keys a second of OpenSSL alone, on one core."""
    crypto = ctypes.CDLL("libcrypto.so.3")
    crypto.EVP_PKEY_Q_keygen.restype = ctypes.c_void_p
    crypto.EVP_PKEY_free.argtypes = [ctypes.c_void_p]
    began = time.monotonic()
    for _ in range(RAW_KEYS):
        crypto.EVP_PKEY_free(crypto.EVP_PKEY_Q_keygen(
            None, None, b"RSA", ctypes.c_size_t(3072)))
    return RAW_KEYS / (time.monotonic() - began)


def filling(rounds):
    """How long an RSA key takes is a matter of luck, by the half: what the
    pool adds is told by the same keys, the raw rate is of others."""
    with Cloud(**cloud_of("ssh_rsa_3072", 100000, 100000)) as cloud:
        ratios, made, seconds = [], 0, 0.0
        began, first = next_key(cloud)
        for _ in range(rounds):
            until(lambda: False, 8)
            ended, last = next_key(cloud)
            ratios.append((last[1] - first[1]) / (ended - began))
            made += last[0] - first[0]
            seconds += ended - began
            began, first = ended, last
    raw = raw_rate()
    say("RSA-3072 keys by OpenSSL, %d of them" % RAW_KEYS, raw, "/s")
    say("RSA-3072 keys into the pool, %d of them" % made, made / seconds,
        "/s")
    say("filling / making alone, of the same keys",
        statistics.median(ratios), "x", 0.9, least=True)


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    if not os.path.exists(rig.DEBIAN):
        subprocess.run([os.path.join(ROOT, "tests/guest/build-debian.sh"),
                        rig.DEBIAN], check=True)
    hand_outs(rounds)
    filling(rounds)
    first_boots(rounds)
    return bool(bench.missed)


if __name__ == "__main__":
    sys.exit(main())
