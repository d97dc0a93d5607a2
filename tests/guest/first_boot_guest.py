# SPDX-License-Identifier: Apache-2.0
"""Debian guests at their first boot: by activation-agent, by cloud-init."""
import base64
import json
import os
import re
import subprocess
import threading

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from first_boot_rig import (CLOUD, DEBIAN, KEYS, PATH, address_of, ask,
                            console, upload)
from harness import check, equal, need, until

__all__ = ["CLOUD"]
BOOT_SECONDS = 600      # emulated, two at once, on any machine

# What the machine has come to, as its own tools see it.
TELL = r"""#!/bin/sh
exec >/dev/console 2>&1
for kind in ecdsa ed25519; do
    key=/etc/ssh/ssh_host_${kind}_key
    echo "TELL file-$kind $(ssh-keygen -l -f $key.pub | cut -d ' ' -f 2)"
    echo "TELL pair-$kind $(ssh-keygen -y -f $key | cut -d ' ' -f 2 |
        grep -cf - $key.pub)"
    echo "TELL served-$kind $(ssh-keyscan -t $kind 127.0.0.1 2>/dev/null |
        ssh-keygen -l -f - | cut -d ' ' -f 2)"
done
echo "TELL guid $(cat /etc/machine-id)"
openssl verify -CAfile /etc/ssl/certs/first-boot-authority.pem \
    -verify_hostname "$(hostname -s).novalocal" \
    -verify_ip "$(hostname -I | cut -d ' ' -f 1)" \
    /etc/ssl/certs/first-boot.pem && echo "TELL certificate good"
[ "$(openssl pkey -in /etc/ssl/private/first-boot.key -pubout)" = \
    "$(openssl x509 -in /etc/ssl/certs/first-boot.pem -noout -pubkey)" ] &&
    echo "TELL key good"
stat -c 'TELL mode %n %U %a' /etc/ssh/ssh_host_ed25519_key \
    /etc/ssl/private/first-boot.key /etc/machine-id
python3 - <<'END'
import urllib.error, urllib.request
try:
    urllib.request.urlopen(urllib.request.Request(
        "http://169.254.169.254/openstack/latest/first_boot", b"{}",
        {"Content-Type": "application/json"}))
    print("TELL again 200")
except urllib.error.HTTPError as e:
    print("TELL again", e.code)
END
if [ -x /usr/sbin/activation-agent ]; then
    echo "TELL agent there"
    /usr/sbin/activation-agent; echo "TELL rerun $?"
    rm /var/lib/activation-agent/done
    /usr/sbin/activation-agent; echo "TELL anew $?"
fi
echo "TELL done"
"""


def create(cloud, image, name, metadata):
    made = cloud.demo.post("compute", "/v2.1/servers", {"server": {
        "name": name, "imageRef": image, "flavorRef": "1",
        "metadata": metadata,
        "user_data": base64.b64encode(TELL.encode()).decode()}})
    need(made.status == 202, "%s: %r" % (name, made.json))
    return made.json["server"]["id"]


def told(text):
    """{what: the rest of its line}."""
    return {m.group(1): m.group(2).strip() for m in re.finditer(
        r"^.*?TELL (mode \S+|\S+)(.*)$", text, re.M)}


def pool(cloud):
    """{kind: (each document of the pool, in clear)}: who has the key file
    can, and nobody else."""
    key = AESGCM(bytes.fromhex(open(KEYS.name).readline().strip()))
    out = {}
    for kind, ident, sealed in cloud.sql(
            "select kind, id, sealed from compute.key_pool"):
        raw = base64.b64decode(sealed)
        out.setdefault(kind, []).append(json.loads(key.decrypt(
            raw[5:17], raw[17:], ("pool/%s/%s" % (kind, ident)).encode())))
    return out


def audited(cloud, ident):
    with open(cloud.path("log", "nova-lite-metadata.log")) as f:
        line, = [ln for ln in f if 'msg="first boot"' in ln and ident in ln]
    return dict(re.findall(r"(ssh_\w+)=(SHA256:[\w+/]+)", line))


class Watch:
    """Every GUID that the pool ever had: what is given out leaves it."""

    def __init__(self, cloud):
        self.guids, self.stop = set(), threading.Event()

        def look():
            while not self.stop.wait(0.3):
                self.guids |= {d["guid"] for d in pool(cloud).get(
                    "machine_guid", [])}
        self.thread = threading.Thread(target=look)
        self.thread.start()

    def close(self):
        self.stop.set()
        self.thread.join()


def check_machine(cloud, ident, said, guids):
    prints = audited(cloud, ident)
    for kind in "ecdsa", "ed25519":
        of = prints["ssh_ecdsa_p256" if kind == "ecdsa" else "ssh_" + kind]
        equal((said.get("file-" + kind), said.get("served-" + kind)),
              (of, of), "the key on the disk, and the one that sshd shows")
        equal(said.get("pair-" + kind), "1", "its private part")
    equal(said.get("certificate"), "good", "certificate")
    equal(said.get("key"), "good", "its key")
    check(said.get("guid") in guids, "machine-id %r is of the pool" %
          said.get("guid"))
    equal({k.rsplit("/", 1)[1]: v for k, v in said.items()
           if k.startswith("mode ")},
          {"ssh_host_ed25519_key": "root 600", "first-boot.key": "root 600",
           "machine-id": "root 444"}, "owners and modes")
    equal(said.get("again"), "410", "a second request")


def dump(cloud):
    """All that PostgreSQL knows."""
    return subprocess.run(["pg_dump", cloud.db.dsn], capture_output=True,
                          text=True, check=True).stdout


def test_debian(cloud):
    """One with the agent, one without, at the same time."""
    need(os.path.exists(DEBIAN), "build/guest/debian.qcow2")
    image = upload(cloud)
    watch = Watch(cloud)
    try:
        agent = create(cloud, image, "agent", {"first_boot": "true"})
        plain = create(cloud, image, "plain", {"first_boot": "cloud-init"})
        done = until(lambda: all("TELL done" in console(cloud, i)
                                 for i in (agent, plain)), BOOT_SECONDS)
    finally:
        watch.close()
    need(done, "both: %s\n%s" % (console(cloud, agent)[-3000:],
                                 console(cloud, plain)[-3000:]))
    said = told(console(cloud, agent))
    check_machine(cloud, agent, said, watch.guids)
    equal((said.get("agent"), said.get("rerun"), said.get("anew")),
          ("there", "0", "1"), "it runs once")
    text = console(cloud, agent)
    check("was given out before (410)" in text, "and says why not twice")
    for kind, of in audited(cloud, agent).items():
        check("%s %s" % (kind, of) in text, "%s on the console" % kind)
    said = told(console(cloud, plain))
    check_machine(cloud, plain, said, watch.guids)
    check("agent" not in said, "no agent there")
    clear = dump(cloud)
    for ident in agent, plain:
        guid = told(console(cloud, ident))["guid"]
        check(guid not in clear and "PRIVATE KEY" not in clear,
              "nothing of it in a dump")
        check(guid not in {d["guid"] for d in pool(cloud)["machine_guid"]},
              "it left the pool")
    check_rebuilt(cloud, image, agent, audited(cloud, agent))


def test_demo(cloud):
    """The README's example, in a guest with nothing but a kernel and a shell;
    a server that is made anew takes other keys."""
    image = cloud.admin.get("image", "/v2/images?name=demo").json["images"][0]
    ident = create(cloud, image["id"], "keys", {"first_boot": "true"})

    def installed():
        return "activation-agent: installed for keys" in console(cloud, ident)
    need(until(installed, 120), "installed: " + console(cloud, ident)[-2000:])
    first = audited(cloud, ident)
    check(all("%s %s" % of in console(cloud, ident) for of in first.items()),
          "fingerprints")
    path = "/v2.1/servers/" + ident
    done = cloud.demo.post("compute", path + "/action", {"reboot": {
        "type": "HARD"}})
    equal(done.status, 202, "reboot")
    need(until(lambda: console(cloud, ident).count("DEMO ready") and
               "boot=2" in console(cloud, ident), 120), "again")
    equal(audited(cloud, ident), first, "no second hand-out")
    equal(cloud.demo.post("compute", path + "/action", {"rebuild": {
        "imageRef": image["id"]}}).status, 202, "rebuild")
    need(until(lambda: audit_lines(cloud, ident) == 2, 120), "another first "
         "boot: " + console(cloud, ident)[-2000:])
    cloud.demo.delete("compute", path)


def audit_lines(cloud, ident):
    with open(cloud.path("log", "nova-lite-metadata.log")) as f:
        return sum('msg="first boot"' in ln and ident in ln for ln in f)


def check_rebuilt(cloud, image, ident, before):
    """A server that is made anew gets other keys: its own are gone."""
    doc = cloud.demo.get("compute", "/v2.1/servers/" + ident).json["server"]
    equal(doc["config_drive"], "True", "it tells whom to believe")
    check(address_of(cloud, ident), "address")
    done = cloud.demo.post("compute", "/v2.1/servers/%s/action" % ident, {
        "rebuild": {"imageRef": image}})
    equal(done.status, 202, "rebuild")
    need(until(lambda: cloud.demo.get("compute", "/v2.1/servers/" + ident)
               .json["server"]["status"] == "ACTIVE", 60), "rebuilt")
    equal(ask(cloud, ident, "GET", PATH, project=cloud.demo.project_id)[0],
          200, "offered")
    equal(cloud.sql("select count(*) from compute.first_boots where "
                    "server_id = '%s'" % ident), [["0"]], "due again")
    disk = cloud.path("nova", "instances", ident)
    check(os.path.exists(os.path.join(disk, "disk.config")), "its drive")
    check(before, "what was given before")
