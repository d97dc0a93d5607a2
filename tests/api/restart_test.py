# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL restarted under load: 503 while it is away, then everything goes
on without a restart of ours."""
import signal
import threading
import time

from harness import Cloud, Client, check, equal, need, status, until

READS = {"identity": "/v3/projects", "image": "/v2/images",
         "compute": "/v2.1/flavors/detail", "network": "/v2.0/networks"}
AWAY = 1.5


class Load(threading.Thread):
    """One client that reads without a pause and counts the statuses."""

    def __init__(self, cloud, service, path):
        super().__init__(daemon=True)
        self.client = Client(cloud.urls, cloud.admin.token)
        self.service, self.path = service, path
        self.seen, self.stop, self.last = {}, False, None

    def run(self):
        while not self.stop:
            try:
                got = self.client.get(self.service, self.path).status
            except OSError as error:
                got = type(error).__name__
            self.seen[got] = self.seen.get(got, 0) + 1
            self.last = got
            time.sleep(0.005)


def restart(cloud):
    cloud.postgres.kill(signal.SIGINT)
    cloud.postgres.wait()
    time.sleep(AWAY)
    cloud.postgres.start()
    cloud.db.ready(cloud.postgres.alive)


def write(cloud):
    name = cloud.name("flavor")
    return cloud.admin.post("compute", "/v2.1/flavors", {"flavor": {
        "name": name, "ram": 64, "vcpus": 1, "disk": 0}})


def test_reads_and_writes_go_on():
    with Cloud() as cloud:
        status(write(cloud), 200, "before")
        loads = [Load(cloud, *pair) for pair in READS.items()
                 for _ in range(3)]
        for load in loads:
            load.start()
        time.sleep(0.5)
        pids = [p.pid for p in cloud.processes if p.name != "postgres"]
        restart(cloud)
        for load in loads:
            need(until(lambda: load.last == 200, 15),
                 "%s answers again, says %r" % (load.service, load.last))
        time.sleep(0.5)
        for load in loads:
            load.stop = True
            load.join()
            check(set(load.seen) <= {200, 503},
                  "%s says 200 or 503: %r" % (load.service, load.seen))
            check(load.seen.get(503), "%s notices: %r" % (load.service,
                                                          load.seen))
            equal(load.last, 200, load.service + " in the end")
        status(write(cloud), 200, "afterwards")
        equal([p.pid for p in cloud.processes if p.name != "postgres"], pids,
              "no daemon was started again")
