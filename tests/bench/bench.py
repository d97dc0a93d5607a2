#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of one run, as ratios to what the machine can do in that minute.

    bench.py [NAME...]      (default: all; see the functions below)

Bars are those of the design: a figure beyond its bar is marked, and the exit
code is 1 then. CPU figures are of our daemon and PostgreSQL together.
"""
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../api"))
from harness import Cloud, free_ports, ROOT, until  # noqa: E402
import measure  # noqa: E402
sys.path.insert(0, os.path.join(ROOT, "tox-free-ci"))
import sqlfiles  # noqa: E402

ROUNDS, MIB = 3, 1 << 20
GET_ROUNDS, IMAGES = 7, 16
GIB = 1024 * MIB
missed = []


def say(name, value, unit="", bar=None, least=False):
    """One line; bar: the most (or the least) that is good enough."""
    mark = ""
    if bar is not None:
        good = value >= bar if least else value <= bar
        mark = "  %s %s %g" % ("ok  " if good else "MISS",
                               ">=" if least else "<=", bar)
        if not good:
            missed.append(name)
    print("%-52s %9.2f %-10s%s" % (name, value, unit, mark), flush=True)


def median(fn, rounds=ROUNDS):
    return statistics.median(fn() for _ in range(rounds))


def url(cloud, service, path):
    return cloud.url(service) + path


def pids(cloud, daemon):
    return {cloud.process(daemon).pid, cloud.postgres.pid}


def token(cloud):
    return "X-Auth-Token: " + cloud.admin.token


def cost(cloud, daemon, service, path, conns, headers):
    """Median (requests/s, CPU us) of some rounds."""
    runs = [measure.load(pids(cloud, daemon), url(cloud, service, path),
                         conns, 2, headers) for _ in range(ROUNDS)]
    return sorted(runs, key=lambda r: r[1])[len(runs) // 2]


# -- the figures ------------------------------------------------------------

def static(cloud):
    """A constant document, against nginx that returns and logs the same."""
    log = os.path.join(cloud.temp, "access.log")
    text = json.dumps(cloud.anon.get("compute", "/").json)
    with nginx(cloud, "access_log %s combined buffer=64k flush=10ms; "
               "default_type application/json; return 300 '%s';" %
               (log, text)) as (theirs, peer):
        for conns in (16, 64):
            static_against(cloud, theirs, peer, conns)


def static_against(cloud, theirs, peer, conns):
    costs, ratios = [], []
    for _ in range(ROUNDS):
        _, their_us = measure.load({peer}, theirs, conns, 2)
        _, us = measure.load(pids(cloud, "nova-lite"), url(cloud, "compute",
                                                           "/"), conns, 2)
        costs.append(us)
        ratios.append(us / their_us)
    say("static JSON, %d connections" % conns, statistics.median(costs),
        "us CPU", 8)
    say("static JSON / nginx, %d connections" % conns,
        statistics.median(ratios), "x CPU")


@contextlib.contextmanager
def nginx(cloud, location):
    """(url, pid) of one with one worker and this at /."""
    port, = free_ports(1)
    conf = os.path.join(cloud.temp, "nginx.conf")
    with open(conf, "w") as f:
        f.write("user root; worker_processes 1; daemon off; pid %s/ng.pid;\n"
                "error_log /dev/null;\nevents {}\nhttp { access_log off; "
                "keepalive_requests 1000000000; sendfile on; server { listen "
                "127.0.0.1:%d; location / { %s } } }\n" %
                (cloud.temp, port, location))
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", conf],
                               stderr=subprocess.DEVNULL)
    address = "http://127.0.0.1:%d/" % port
    try:
        until(lambda: subprocess.run(["curl", "-sI", address],
                                     stdout=subprocess.DEVNULL)
              .returncode == 0, 10)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def tokens(cloud):
    headers = [token(cloud), "X-Subject-Token: " + cloud.demo.token]
    rate, us = cost(cloud, "keystone-shim", "identity", "/v3/auth/tokens",
                    16, headers)
    say("token validation, 16 connections", us, "us CPU")
    say("token validation, 16 connections", rate, "/s")


def get_by_id(cloud):
    """Images in turn, against pgbench with the statement that a read runs:
    for one of them, which costs it less than several."""
    images = [cloud.admin.post("image", "/v2/images", {
        "name": "bench", "disk_format": "raw", "container_format": "bare",
        "visibility": "public"}).json["id"] for _ in range(IMAGES)]
    statement = find_statement("glance-lite/sql", "image_show")
    values = {"$1": images[0], "$2": cloud.admin.project_id, "$3": "true"}
    define = []
    for name, value in values.items():
        statement = statement.replace(name, ":v" + name[1:])
        define += ["-D", "v%s=%s" % (name[1:], value)]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statement + ";\n")
        script.flush()
        for conns in (16, 64):
            get_against(cloud, images, define + ["-f", script.name], conns)


def get_against(cloud, images, script, conns):
    ratios, costs = [], []
    paths = ["/v2/images/" + image for image in images]
    for _ in range(GET_ROUNDS):
        theirs = measure.pgbench(cloud.db, script, conns, 2)
        ours, us = measure.load(
            pids(cloud, "glance-lite"), url(cloud, "image", "/"), conns, 2,
            [token(cloud)], paths)
        ratios.append(ours / theirs)
        costs.append(us)
    say("image by id, %d connections" % conns, statistics.median(costs),
        "us CPU", 40)
    say("image by id / pgbench, %d connections" % conns,
        statistics.median(ratios), "x", 1.0, least=True)


def find_statement(folder, name):
    room = sqlfiles.Room([os.path.join(ROOT, folder)])
    return next(s.text for s in room.statements if s.name == name)


def lists(cloud):
    """1000 images, 1000 servers."""
    have = int(cloud.sql("select count(*) from image.images")[0][0])
    for n in range(have, 1000):
        cloud.admin.post("image", "/v2/images", {
            "name": "list-%d" % n, "disk_format": "raw",
            "container_format": "bare", "tags": ["a", "b"],
            "os_distro": "debian"})
    one_list(cloud, "glance-lite", "image", "/v2/images?limit=1000",
             "images", 4)
    fill_servers(cloud, 1000)
    one_list(cloud, "nova-lite", "compute",
             "/v2.1/servers/detail?limit=1000", "servers", None)


def one_list(cloud, daemon, service, path, key, bar):
    got = cloud.admin.get(service, path).json[key]
    if len(got) != 1000:
        raise RuntimeError("%d %s instead of 1000" % (len(got), key))
    _, us = cost(cloud, daemon, service, path, 4, [token(cloud)])
    say("list of 1000 %s" % key, us / 1000, "ms CPU", bar)


def fill_servers(cloud, n):
    """Servers that stand in the catalog as an agent would have left them."""
    with open(os.path.join(HERE, "servers.sql")) as f:
        text = f.read()
    cloud.sql(text.replace(":project", "'%s'" % cloud.admin.project_id)
              .replace(":user", "'%s'" % cloud.admin.user_id)
              .replace(":number", str(n)))


class Zeros:
    """A GiB that costs nothing to make."""

    def __init__(self, size):
        self.left, self.block = size, os.urandom(MIB)

    def read(self, n):
        part = self.block[:min(n, self.left, MIB)]
        self.left -= len(part)
        return part


def new_image(cloud, name):
    return cloud.admin.post("image", "/v2/images", {
        "name": name, "disk_format": "raw", "container_format": "bare"}
    ).json["id"]


def put(cloud, image, size):
    conn = http.client.HTTPConnection(*cloud.urls["image"], blocksize=MIB)
    conn.request("PUT", "/v2/images/%s/file" % image, Zeros(size), {
        "X-Auth-Token": cloud.admin.token, "Content-Length": str(size),
        "Content-Type": "application/octet-stream"})
    status = conn.getresponse().status
    conn.close()
    if status != 204:
        raise RuntimeError("upload: %d" % status)


def transfer(cloud):
    """1 GiB up, against both digests in series; down, against nginx."""
    glance = cloud.process("glance-lite").pid
    measure.rss_peak_reset(glance)
    ratios, images = [], []
    with tempfile.NamedTemporaryFile(dir=cloud.temp) as f:
        block = os.urandom(MIB)
        for _ in range(1024):
            f.write(block)
        f.flush()
        for _ in range(ROUNDS):
            images.append(new_image(cloud, "big"))
            hashing, _ = measure.timed(lambda: digests(f.name))
            took, _ = measure.timed(lambda: put(cloud, images[-1], GIB))
            ratios.append(took / hashing)
        say("upload of 1 GiB / (sha512sum, then md5sum)",
            statistics.median(ratios), "x wall")
        say("peak memory after uploads of 1 GiB",
            measure.rss_peak(glance), "MB RSS", 32)
        download(cloud, images[-1], f.name)
    for image in images:
        cloud.admin.delete("image", "/v2/images/" + image)


def digests(path):
    for tool in ("sha512sum", "md5sum"):
        subprocess.run([tool, path], check=True, stdout=subprocess.DEVNULL)


def curl(address, *headers):
    command = ["curl", "-sf", "-o", "/dev/null", address]
    for h in headers:
        command += ["-H", h]
    subprocess.run(command, check=True)


def download(cloud, image, path):
    ours = url(cloud, "image", "/v2/images/%s/file" % image)
    ratios = []
    with nginx(cloud, "root %s;" % os.path.dirname(path)) as (theirs, _):
        for _ in range(ROUNDS):
            slow, _ = measure.timed(lambda: curl(
                theirs + os.path.basename(path)))
            took, _ = measure.timed(lambda: curl(ours, token(cloud)))
            ratios.append(slow / took)
    say("download of 1 GiB, speed / nginx sendfile",
        statistics.median(ratios), "x", 0.9, least=True)


def memory(cloud):
    """Idle, after the other figures; every daemon of ours."""
    total = 0
    for process in cloud.processes:
        if process.name != "postgres":
            mb = measure.pss(process.pid)
            total += mb
            say("  memory of " + process.name, mb, "MB PSS")
    say("memory of all our daemons", total, "MB PSS", 60)


def start(cloud):
    """From exec to the first good answer."""
    where = {"keystone-shim": "identity", "glance-lite": "image",
             "nova-lite": "compute", "nova-lite-network": "network",
             "nova-lite-metadata": "metadata"}
    for process in list(cloud.processes):
        name = process.name
        if name == "postgres":
            continue
        address = cloud.urls.get(where.get(name),
                                 ("127.0.0.1", cloud.agent_port))
        say("cold start of " + name, median(
            lambda: cold(cloud, name, address)) * 1000, "ms", 300)


def cold(cloud, name, address):
    old = cloud.process(name)
    old.stop()
    cloud.processes.remove(old)
    began = time.monotonic()
    cloud.add(name)
    while True:
        try:
            conn = http.client.HTTPConnection(*address)
            conn.request("GET", "/")
            conn.getresponse().read()
            return time.monotonic() - began
        except OSError:
            time.sleep(0.002)


FIGURES = {"memory": memory, "static": static, "tokens": tokens,
           "get": get_by_id, "lists": lists, "transfer": transfer,
           "start": start}


def main():
    with Cloud(compute=True) as cloud:
        for name in sys.argv[1:] or FIGURES:
            FIGURES[name](cloud)
    if missed:
        print("beyond their bars: " + "; ".join(missed))
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
