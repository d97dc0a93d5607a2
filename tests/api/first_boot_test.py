# SPDX-License-Identifier: Apache-2.0
"""What machines get at their first boot: made ahead, given out once, signed."""
import base64
import hashlib
import http.client
import json
import os
import signal
import tempfile
import threading
import uuid

from first_boot_rig import (CLOUD, HIGH, KEYS, KINDS, LOW, PATH, address_of,
                            ask, run, server, unbase64)
from harness import check, equal, free_ports, need, until

__all__ = ["CLOUD"]


def verify(cloud, data, ident):
    """The document, when one of the published keys has signed it."""
    reply = json.loads(data)
    keys = {k["kid"]: k["x"] for k in json.loads(ask(
        cloud, ident, "GET", PATH + "_keys")[1])["keys"]}
    good = 0
    for s in reply["signatures"]:
        head = json.loads(unbase64(s["protected"]))
        equal(head["alg"], "EdDSA", "algorithm")
        # A raw Ed25519 key in its SubjectPublicKeyInfo (RFC 8410).
        der = bytes.fromhex("302a300506032b6570032100") + \
            unbase64(keys[head["kid"]])
        with tempfile.TemporaryDirectory() as temp:
            for name, what in (("key", der), ("sig", unbase64(
                    s["signature"])), ("doc", ("%s.%s" % (
                        s["protected"], reply["payload"])).encode())):
                with open(os.path.join(temp, name), "wb") as f:
                    f.write(what)
            done = run("openssl", "pkeyutl", "-verify", "-pubin", "-keyform",
                       "DER", "-inkey", temp + "/key", "-rawin", "-sigfile",
                       temp + "/sig", "-in", temp + "/doc")
            good += done.returncode == 0
    equal(good, len(reply["signatures"]), "good signatures")
    return json.loads(unbase64(reply["payload"]))


def levels(cloud):
    return {k: int(n) for k, n in cloud.sql(
        "select kind, count(*) from compute.key_pool group by 1")}


def filled(cloud):
    """Nothing is below the low mark, and so nothing is being made."""
    def enough():
        n = levels(cloud)
        return set(n) == set(KINDS) and min(n.values()) >= LOW
    return until(enough, 120)


def metrics(cloud):
    conn = http.client.HTTPConnection(*cloud.urls["metadata"])
    conn.request("GET", "/metrics")
    lines = conn.getresponse().read().decode().split("\n")
    conn.close()
    return {ln.rsplit(" ", 1)[0]: float(ln.rsplit(" ", 1)[1])
            for ln in lines if ln and ln[0] != "#"}


# -----------------------------------------------------------------------------

def test_pool(cloud):
    """Filled up to the high mark, sealed, and not above."""
    cloud.sql("delete from compute.key_pool")       # by others, in part
    need(until(lambda: levels(cloud) == dict.fromkeys(KINDS, HIGH), 120),
         "a pool: %r" % levels(cloud))
    until(lambda: False, 2)
    equal(levels(cloud), dict.fromkeys(KINDS, HIGH), "levels")
    dump = cloud.sql("select string_agg(sealed, ' ') from compute.key_pool")
    raw = b"".join(base64.b64decode(t) for t in dump[0][0].split(" "))
    for word in b"PRIVATE KEY", b"openssh", b"3des", b"guid":
        check(word not in raw and word.decode() not in dump[0][0],
              "%r in the catalog" % word)


def test_side_by_side(cloud):
    """Several services: the marks are everybody's, and so is what was given."""
    others = []
    for port in free_ports(2):
        others.append((port, cloud.add("nova-lite-metadata", {
            "OS_DEFAULT__LISTEN": "127.0.0.1:%d" % port,
            "OS_METADATA__STATE_PATH": tempfile.mkdtemp(dir=cloud.temp)})))
    highest = 0
    for _ in range(5):
        cloud.sql("delete from compute.key_pool")
        for _ in range(10):
            highest = max([highest, *levels(cloud).values()])
            until(lambda: False, 0.1)
    need(until(lambda: levels(cloud) == dict.fromkeys(KINDS, HIGH), 60),
         "full: %r" % levels(cloud))
    equal(highest, HIGH, "the most of a kind")
    for n in range(10):
        ident = server(cloud, "side-%d" % n)
        got = []
        threads = [threading.Thread(target=lambda at=at: got.append(
            ask(cloud, ident, at=at)[0])) for at in
            [cloud.urls["metadata"]] + [("127.0.0.1", p) for p, _ in others]]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(sorted(got), [200, 410, 410], "one of them gives")
    for _, process in others:
        process.kill()
        process.wait()
        cloud.processes.remove(process)


def test_given_once(cloud):
    need(filled(cloud), "a pool")
    ident = server(cloud, "once")
    ip = address_of(cloud, ident)
    before = cloud.sql("select kind, sealed from compute.key_pool order by "
                       "made_at, id")
    status, data = ask(cloud, ident, "GET")
    equal((status, json.loads(data)), (200, {"kinds": KINDS}), "the offer")
    status, data = ask(cloud, ident, body={
        "hostname": "once.novalocal", "addresses": [ip],
        "location": "rack 7", "data": {"names": ["www.example.org"],
                                       "ltpa_host": "was.example.org"}})
    equal(status, 200, "status of %r" % data[:200])
    doc = verify(cloud, data, ident)
    equal((doc["instance"], doc["hostname"], doc["addresses"],
           doc["location"]), (ident, "once.novalocal", [ip], "rack 7"), "doc")
    equal(list(doc["material"]), KINDS, "kinds")
    check(len(before) - sum(levels(cloud).values()) <= len(KINDS),
          "no more than one of each was taken")
    status, data = ask(cloud, ident)
    equal(status, 410, "again: %r" % data)
    check_material(doc["material"], ip)
    log = open(cloud.path("log", "nova-lite-metadata.log")).read()
    check('msg="first boot"' in log and ident in log, "the audit line")
    for kind in "ssh_ecdsa_p256", "ssh_ed25519":
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(doc["material"][kind]["public"])
            f.flush()
            print_ = run("ssh-keygen", "-l", "-f", f.name).stdout.split()[1]
        check("%s=%s" % (kind, print_) in log, "its fingerprint: " + kind)
    for secret in doc["material"]["ssh_ed25519"]["private"].split("\n")[1:3] \
            + [doc["material"]["ltpa"]["password"]]:
        check(secret not in log, "a secret in the log")


def check_material(m, ip):
    with tempfile.TemporaryDirectory() as temp:
        def save(name, text):
            path = os.path.join(temp, name)
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, 0o600)
            return path
        for kind in "ssh_ecdsa_p256", "ssh_ed25519":
            path = save(kind, m[kind]["private"])
            equal(run("ssh-keygen", "-y", "-f", path).stdout.strip(),
                  m[kind]["public"], kind)
        cert = save("cert", m["tls"]["certificate"])
        ca = save("ca", m["tls"]["authority"])
        for words in (["-verify_hostname", "once.novalocal"],
                      ["-verify_hostname", "www.example.org"],
                      ["-verify_ip", ip]):
            done = run("openssl", "verify", "-CAfile", ca, *words, cert)
            check(done.returncode == 0, "%r: %r" % (words, done))
        key = save("key", m["tls"]["key"])
        equal(run("openssl", "pkey", "-in", key, "-pubout").stdout,
              run("openssl", "x509", "-in", cert, "-noout",
                  "-pubkey").stdout, "the certificate's key")
    check(len(m["machine_guid"]["guid"]) == 32, "GUID")
    check("CreationHost=was.example.org\n" in m["ltpa"]["file"] and
          m["ltpa"]["password"], "LTPA")


def test_refused(cloud):
    """And nothing is given, or taken from the pool."""
    ident = server(cloud, "asks")
    other = address_of(cloud, server(cloud, "other"))
    need(filled(cloud), "a pool")
    before = levels(cloud)
    for body in ({"hostname": "other"}, {"hostname": "asks\nother"},
                 {"hostname": "x" * 65536}, {"hostname": "\u043f\u0440"},
                 {"hostname": 7}, {"hostname": ["asks"]},
                 {"addresses": [other]}, {"addresses": other},
                 {"addresses": [7]}, {"addresses": ["1.2.3.4/0"]},
                 {"location": "a\nb"}, {"location": {}},
                 {"data": {"names": ["a b"]}}, {"data": {"names": [1]}},
                 {"data": {"names": "a"}}, {"data": {"names": ["*"] * 2}},
                 {"data": {"names": ["n.example"] * 17}}, {"data": []},
                 {"data": {"names": ["a\u0000.example.org"]}},
                 {"data": {"names": ["other.novalocal"]}},
                 {"data": {"names": ["x.OTHER.NovaLocal"]}},
                 {"data": {"names": ["other"]}},
                 {"data": {"names": ["192.168.233.7"]}},
                 {"data": {"ltpa_host": "a=b\nc"}}, {"data": {"x": 1}},
                 {"colour": "red"}, [], "{", "[1", "\x00"):
        status, data = ask(cloud, ident, body=body)
        check(status in (400, 413), "%.60r: %d %r" % (body, status, data))
    equal(ask(cloud, str(uuid.uuid4()))[0], 404, "no such instance")
    equal(ask(cloud, str(uuid.uuid4()), "GET")[0], 404, "nor an offer")
    equal(ask(cloud, ident, signed=False)[0], 403, "not vouched for")
    equal(levels(cloud), before, "the pool")
    equal(cloud.sql("select count(*) from compute.first_boots where "
                    "server_id = '%s'" % ident), [["0"]], "nothing was given")
    equal(ask(cloud, ident)[0], 200, "it is still there for it")


def test_two_at_once(cloud):
    """200 at the same moment, for 100 instances: each gets its own, and no key
    comes twice."""
    idents = [server(cloud, "many-%d" % i) for i in range(100)]
    got, start = [], threading.Barrier(200)

    def work(ident):
        start.wait()
        got.append((ident, *ask(cloud, ident)))
    threads = [threading.Thread(target=work, args=(ident,))
               for ident in idents * 2]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(sorted(s for _, s, _ in got), [200] * 100 + [410] * 100, "statuses")
    docs = [json.loads(unbase64(json.loads(d)["payload"]))
            for _, s, d in got if s == 200]
    equal({d["instance"] for d in docs}, set(idents), "instances")
    for kind, part in (("ssh_ed25519", "private"), ("machine_guid", "guid"),
                       ("ssh_ecdsa_p256", "private"), ("tls", "key")):
        equal(len({d["material"][kind][part] for d in docs}), 100, kind)


def test_killed(cloud):
    """The service dies in the middle: never one key twice."""
    idents = [server(cloud, "killed-%d" % i) for i in range(40)]
    seen = []

    def work(mine):
        for ident in mine:
            try:
                status, data = ask(cloud, ident)
            except (OSError, http.client.HTTPException):
                continue
            if status == 200:
                seen.append(data)
    threads = [threading.Thread(target=work, args=(idents[i % 4::4],))
               for i in range(8)]      # two at each instance
    for thread in threads:
        thread.start()
    for _ in range(4):
        until(lambda: False, 0.1)
        process = cloud.process("nova-lite-metadata")
        process.kill()
        process.wait()
        cloud.processes.remove(process)
        cloud.add("nova-lite-metadata")
    for thread in threads:
        thread.join()
    cloud.wait_ready()
    given = int(cloud.sql("select count(*) from compute.first_boots where "
                          "server_id in ('%s')" % "','".join(idents))[0][0])
    for ident in idents:
        status, data = ask(cloud, ident)
        if status == 200:
            seen.append(data)
    docs = [json.loads(unbase64(json.loads(d)["payload"])) for d in seen]
    equal(len({d["instance"] for d in docs}), len(docs), "each once")
    check(len(docs) >= 40 - given and len(docs) <= 40, "given: %d" % given)
    for kind, part in (("ssh_ed25519", "private"), ("machine_guid", "guid")):
        equal(len({d["material"][kind][part] for d in docs}), len(docs), kind)


def test_rotation(cloud):
    """The old key stays while a server that knows it alone has not booted."""
    waits = server(cloud, "waits", '{"first_boot": "true"}')
    program = os.path.join(cloud.bin, "nova-lite-metadata")

    def kids():
        return [k["kid"] for k in json.loads(ask(
            cloud, waits, "GET", PATH + "_keys")[1])["keys"]]
    old = kids()
    done = run(program, "--config", cloud.conf("nova-lite-metadata"),
               "rotate_signing_key")
    equal(done.returncode, 0, done.stderr)
    both = kids()
    equal((len(old), len(both), both[1:]), (1, 2, old), "both")
    status, data = ask(cloud, waits)
    equal((status, len(json.loads(data)["signatures"])), (200, 2), "signed")
    equal(kids(), both[:1], "the new one alone")


def test_pinned(cloud):
    """The keys stand on the config drive, as they are published."""
    image = cloud.admin.get("image", "/v2/images?name=demo").json["images"][0]
    made = cloud.demo.post("compute", "/v2.1/servers", {"server": {
        "name": "pinned", "imageRef": image["id"], "flavorRef": "1",
        "config_drive": True}}).json["server"]["id"]
    path = "/v2.1/servers/" + made
    need(until(lambda: cloud.demo.get("compute", path).json["server"][
        "status"] == "ACTIVE", 60), "a server")
    out = os.path.join(cloud.temp, "pinned")
    done = run("xorriso", "-osirrox", "on", "-indev", cloud.path(
        "nova", "instances", made, "disk.config"), "-extract",
        "/openstack/latest/first_boot_keys", out)
    equal(done.returncode, 0, done.stderr)
    with open(out) as f:
        pinned = json.load(f)
    equal(pinned, json.loads(ask(cloud, made, "GET", PATH + "_keys")[1]),
          "pinned")
    cloud.demo.delete("compute", path)


def test_guest(cloud):
    """A real guest takes its own, by the one way that it has, and once."""
    image = cloud.admin.get("image", "/v2/images?name=demo").json["images"][0]
    tell = b"""#!/bin/sh
url=http://169.254.169.254/openstack/latest/first_boot
echo "OFFER $(fetch $url)"
echo "REPLY $(fetch -p $url | base64 | tr -d '\\n') END"
fetch -p $url 2>&1 | sed 's/^/AGAIN /'
echo TOLD
"""
    made = cloud.demo.post("compute", "/v2.1/servers", {"server": {
        "name": "guest", "imageRef": image["id"], "flavorRef": "1",
        "user_data": base64.b64encode(tell).decode()}}).json["server"]["id"]
    log = cloud.path("nova", "instances", made, "console.log")

    def said():
        with open(log, errors="replace") as f:
            return f.read().replace("\r", "")
    need(until(lambda: os.path.exists(log) and "\nTOLD" in said(), 120),
         "a guest")
    text = said()
    check('OFFER {"kinds": ' in text or 'OFFER {"kinds":' in text, "offer")
    reply = text.split("REPLY ")[1].split(" END")[0]
    doc = verify(cloud, base64.b64decode(reply), made)
    equal(doc["instance"], made, "its own")
    check("AGAIN fetch: http://169.254.169.254/openstack/latest/first_boot: "
          "410" in text, "again: " + text[-600:])
    cloud.demo.delete("compute", "/v2.1/servers/" + made)


def test_vendor_data(cloud):
    """The same to cloud-init: once, and to who asks for it."""
    need(filled(cloud), "a pool")
    path = "/openstack/2018-08-27/vendor_data.json"
    ident = server(cloud, "vendor", '{"first_boot": "cloud-init"}')
    status, data = ask(cloud, ident, "GET", path)
    equal(status, 200, "status")
    text = json.loads(data)["cloud-init"]
    head, config = text.split("\n", 1)
    equal(head, "#cloud-config", "what it is")
    config = json.loads(config)
    equal(set(config["ssh_keys"]), {"%s_%s" % (k, p) for k in
                                    ("ecdsa", "ed25519")
                                    for p in ("private", "public")}, "keys")
    files = {f["path"]: f for f in config["write_files"]}
    equal({p: f["permissions"] for p, f in files.items()}, {
        "/etc/machine-id": "0444", "/etc/ssl/private/first-boot.key": "0600",
        "/etc/ssl/certs/first-boot.pem": "0644",
        "/etc/ssl/certs/first-boot-authority.pem": "0644",
        "/etc/ltpa/ltpa.keys": "0600", "/etc/ltpa/password": "0600"}, "files")
    equal(ask(cloud, ident, "GET", path), (200, b"{}"), "again")
    equal(ask(cloud, ident)[0], 410, "by the other way")
    looks = server(cloud, "looks", '{"first_boot": "cloud-init"}')
    equal(ask(cloud, looks, "HEAD", path), (200, b""), "HEAD takes nothing")
    equal(ask(cloud, looks, "GET", "/openstack/no/vendor_data.json")[0], 404,
          "no such version")
    check(b"ssh_keys" in ask(cloud, looks, "GET", path)[1], "still there")
    for metadata in "{}", '{"first_boot": "true"}':
        other = server(cloud, "other-vendor", metadata)
        equal(ask(cloud, other, "GET", path), (200, b"{}"), metadata)
        equal(ask(cloud, other)[0], 200, "nothing was taken")
    early = server(cloud, "early", '{"first_boot": "cloud-init"}')
    equal(ask(cloud, early, "GET", "/openstack/2013-04-04/vendor_data.json")
          [0], 404, "a version without vendor data")
    equal(ask(cloud, early, "GET", "/openstack/2013-10-17/vendor_data.json")
          [0], 200, "the first one with it")


def create(cloud, **more):
    image = cloud.admin.get("image", "/v2/images?name=demo").json["images"][0]
    return cloud.demo.post("compute", "/v2.1/servers", {"server": {
        "name": "asks", "imageRef": image["id"], "flavorRef": "1", **more}})


def test_property(cloud):
    """first_boot=true brings the agent, as files like a client's own."""
    for how in "True", "yes", "", "cloud":
        done = create(cloud, metadata={"first_boot": how})
        equal(done.status, 400, how)
        check("first_boot" in done.json["badRequest"]["message"], how)
    done = create(cloud, metadata={"first_boot": "cloud-init"},
                  config_drive=True)
    equal(done.status, 400, "cloud-init would not see it")
    asked = {"true": True, "false": False, "cloud-init": False}
    for how, agent in asked.items():
        made = create(cloud, metadata={"first_boot": how})
        equal(made.status, 202, how)
        ident = made.json["server"]["id"]
        path = "/v2.1/servers/" + ident
        need(until(lambda: cloud.demo.get("compute", path).json["server"][
            "status"] == "ACTIVE", 90), "a server: %r" % cloud.demo.get(
                "compute", path).json["server"].get("fault"))
        equal(cloud.demo.get("compute", path).json["server"]["config_drive"],
              "True" if agent else "", how)
        done = run("qemu-img", "info", "--output=json", "-U", cloud.path(
            "nova", "instances", ident, "disk"))
        equal(done.returncode, 0, done.stderr)
        actions = cloud.demo.get("compute", path + "/os-instance-actions"
                                 ).json["instanceActions"]
        said = json.dumps(actions)
        equal("/usr/sbin/activation-agent" in said, agent, said)
        cloud.demo.delete("compute", path)


def test_rebuild_is_due_later(cloud):
    """Not while the old guest could ask; and not to cloud-init where it would
    not ask."""
    made = create(cloud, config_drive=True)
    ident = made.json["server"]["id"]
    path = "/v2.1/servers/" + ident
    need(until(lambda: cloud.demo.get("compute", path).json["server"][
        "status"] == "ACTIVE", 90), "a server")
    mine = {"project": cloud.demo.project_id}
    equal(ask(cloud, ident, **mine)[0], 200, "its own")
    image = cloud.demo.get("compute", path).json["server"]["image"]["id"]
    rebuild = {"rebuild": {"imageRef": image, "metadata": {
        "first_boot": "cloud-init"}}}
    equal(cloud.demo.post("compute", path + "/action", rebuild).status, 400,
          "with a config drive")
    rebuild["rebuild"]["metadata"]["first_boot"] = "true"
    agent = cloud.process("nova-lite-compute").child
    agent.send_signal(signal.SIGSTOP)
    try:
        equal(cloud.demo.post("compute", path + "/action", rebuild).status,
              202, "rebuild")
        equal(ask(cloud, ident, **mine)[0], 410, "of the old guest")
    finally:
        agent.send_signal(signal.SIGCONT)
    need(until(lambda: cloud.sql("select count(*) from compute.first_boots "
                                 "where server_id = '%s'" % ident) == [["0"]],
               60), "due")
    cloud.demo.delete("compute", path)


def test_property_own_file(cloud):
    """A file of the client's own stands where the agent has one."""
    unit = "/etc/systemd/system/activation-agent.service"
    agent = cloud.process("nova-lite-compute").child
    agent.send_signal(signal.SIGSTOP)
    try:
        made = create(cloud, metadata={"first_boot": "true"}, **{
            "lite:files": [{"path": unit, "contents": base64.b64encode(
                b"mine").decode()}]})
        equal(made.status, 202, "status")
        ident = made.json["server"]["id"]
        files = json.loads(cloud.sql("select args -> 'files' from lite.jobs "
                                     "where subject = '%s'" % ident)[0][0])
    finally:
        agent.send_signal(signal.SIGCONT)
    of = {f["path"]: f for f in files}
    equal((len(files), len(of)), (3, 3), "each once")
    equal(of[unit]["sha256"], hashlib.sha256(b"mine").hexdigest(), "mine")
    equal((of["/usr/sbin/activation-agent"]["mode"],
           of["/usr/sbin/activation-agent"]["sha256"]),
          ("0755", hashlib.sha256(open(os.path.join(
              cloud.bin, "activation-agent"), "rb").read()).hexdigest()),
          "the agent")
    cloud.demo.delete("compute", "/v2.1/servers/" + ident)


def test_metrics(cloud):
    need(filled(cloud), "a pool")
    values = metrics(cloud)
    equal({k: values['lite_first_boot_pool{kind="%s"}' % k] for k in KINDS},
          levels(cloud), "pool")
    check(all('lite_first_boot_made_total{kind="%s"}' % k in values
              for k in KINDS), "made")
    before = values["lite_first_boot_given_total"]
    ident = server(cloud, "counted")
    for _ in range(2):
        ask(cloud, ident)
    values = metrics(cloud)
    equal(values["lite_first_boot_given_total"], before + 1, "given")
    check(values["lite_first_boot_refused_total"] >= 1, "refused")
    equal(ask(cloud, ident, "GET", "/metrics")[0], 404, "to a guest")


def reseal(cloud):
    return run(os.path.join(cloud.bin, "nova-lite-metadata"), "--config",
               cloud.conf("nova-lite-metadata"), "reseal")


def with_keys(cloud, text):
    with open(KEYS.name, "w") as f:
        f.write(text)
    cloud.restart("nova-lite-metadata")
    cloud.wait_ready()


def test_sealed_anew(cloud):
    """A new key on top of the file seals, and the old one still opens, until
    everything is sealed anew."""
    need(filled(cloud), "a pool")
    with open(KEYS.name) as f:
        old = f.read()
    with_keys(cloud, "22" * 32 + "\n" + old)
    equal(ask(cloud, server(cloud, "anew"))[0], 200, "both keys")
    with_keys(cloud, "33" * 32 + "\n")
    ident = server(cloud, "lost")
    equal(ask(cloud, ident)[0], 500, "neither")
    check(reseal(cloud).returncode != 0, "nothing opens")
    with_keys(cloud, "22" * 32 + "\n" + old)
    equal(reseal(cloud).returncode, 0, "sealed anew")
    with_keys(cloud, "22" * 32 + "\n")
    equal(ask(cloud, ident)[0], 200, "it was not used up")
    cloud.sql("update compute.key_pool set sealed = 'AAAA' where id in "
              "(select id from compute.key_pool where kind = 'ssh_ed25519' "
              "order by made_at, id limit 1)")
    equal(ask(cloud, server(cloud, "bad-row"))[0], 200, "made on demand")
    equal(cloud.sql("select count(*) from compute.key_pool where sealed = "
                    "'AAAA'"), [["0"]], "what cannot be opened is gone")
