# SPDX-License-Identifier: Apache-2.0
"""What bench.py measures with: CPU times, memory, load."""
import glob
import os
import re
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")


def stat(pid):
    """(parent, CPU seconds of the process and its reaped children)."""
    with open("/proc/%d/stat" % pid) as f:
        words = f.read().rsplit(")", 1)[1].split()
    return int(words[1]), sum(map(int, words[11:15])) / TICK


def cpu(pids):
    """CPU seconds of these processes and their children so far."""
    total = 0.0
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(path[6:])
        try:
            parent, seconds = stat(pid)
        except (OSError, IndexError):
            continue
        if pid in pids or parent in pids:
            total += seconds
    return total


def pss(pid):
    """Proportional set size in MB."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        found = re.search(r"^Pss:\s+(\d+)", f.read(), re.M)
    return int(found.group(1)) / 1024


def rss_peak(pid):
    with open("/proc/%d/status" % pid) as f:
        found = re.search(r"^VmHWM:\s+(\d+)", f.read(), re.M)
    return int(found.group(1)) / 1024


def rss_peak_reset(pid):
    with open("/proc/%d/clear_refs" % pid, "w") as f:
        f.write("5")


# Asks for its arguments in turn.
IN_TURN = """
local requests, n = {}, 0
init = function(paths)
    for i, path in ipairs(paths) do
        requests[i] = wrk.format("GET", path)
    end
end
request = function()
    n = n % #requests + 1
    return requests[n]
end
"""


def wrk(url, conns, seconds=3, headers=(), paths=()):
    """Requests per second, of the url or of these paths of its server in
    turn; raises when any reply was not 2xx or 3xx."""
    command = ["wrk", "-t1", "-c%d" % conns, "-d%ds" % seconds, url]
    for h in headers:
        command += ["-H", h]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if paths:
            script.write(IN_TURN)
            script.flush()
            command += ["-s", script.name, "--", *paths]
        out = subprocess.run(command, capture_output=True, text=True,
                             check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def load(pids, url, conns, seconds=3, headers=(), paths=()):
    """As wrk: (requests per second, CPU microseconds of pids per request)."""
    before, began = cpu(pids), time.monotonic()
    rate = wrk(url, conns, seconds, headers, paths)
    spent, took = cpu(pids) - before, time.monotonic() - began
    return rate, spent / (rate * took) * 1e6


def pgbench(db, script, conns, seconds=3):
    """Transactions per second with -M prepared; script: its arguments."""
    out = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-c", str(conns), "-j", "1",
         "-T", str(seconds), *script, "-h", db.socket, "-U", "lite",
         "lite"], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", out).group(1))


def timed(fn):
    """(wall seconds, what fn returned)."""
    began = time.monotonic()
    value = fn()
    return time.monotonic() - began, value
