#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs stages of the tests and gates and adds up what they say.

    suite.py test       unit, api, guests, clients      (make test)
    suite.py check      the gates                       (make check)
    suite.py ci         everything                      (.ci/run)
    suite.py STAGE...   see STAGES below

A stage is a command. Its results are the lines `N passed, N failed` that it
prints (or cmocka's); a command without any counts as one, passed when it
exits with 0. The last line printed is the sum; the exit code tells whether
anything failed. Output also goes to build/log/STAGE.log.
"""
import collections
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import time

import bootparts

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OPS = os.path.join(ROOT, "build/log/ops")
DEMO = "build/guest/demo.qcow2"
BOOT = "build/guest/boot"
DEBIAN = "build/guest/debian.qcow2"
OS_IMAGE = "build/guest/os-image"
PY = sys.executable
CI = "tox-free-ci/"
OF_GATES = ["tox-free-ci/gates_test.sh"]
SANITIZED = {"LITE_BIN": "build/asan/bin",
             "ASAN_OPTIONS": "detect_stack_use_after_return=0",
             "UBSAN_OPTIONS": "print_stacktrace=1"}
FUZZ_SECONDS = os.environ.get("FUZZ_SECONDS", "20")
# What runs as root in guests, and what they send, is looked at for longer.
FUZZ_LONGER = {"activation_answer", "metadata_wish"}


def make(*words):
    return ["make", "-j%d" % os.cpu_count(), "--no-print-directory", *words]


def units(flavour):
    """The unit tests of a flavour, each a command."""
    return [[p] for p in sorted(glob.glob("build/%s/unit/*_test" % flavour))]


def scripts(folder, *args):
    """Its NAME_test.sh and NAME_test.py."""
    return [[PY if path.endswith(".py") else "bash", path, *args]
            for path in sorted(glob.glob(folder + "/*_test.[sp][hy]"))
            if path not in OF_GATES]


def fuzzers():
    """Each target for a fixed time, from the inputs that are kept."""
    out = []
    for path in sorted(glob.glob("build/fuzz/fuzz/*_fuzz")):
        name = os.path.basename(path)[:-5]
        new = "build/fuzz/corpus/" + name
        os.makedirs(new, exist_ok=True)
        kept = "tests/fuzz/corpus/" + name
        seconds = int(FUZZ_SECONDS) * (3 if name in FUZZ_LONGER else 1)
        out.append([path, "-max_total_time=%d" % seconds,
                    "-print_final_stats=0", "-verbosity=0",
                    "-artifact_prefix=build/fuzz/", new] +
                   [kept] * os.path.isdir(kept))
    return out


def guests():
    """What builds them. Debian's takes a minute, and is kept."""
    out = [["tests/guest/build-demo.sh", DEMO],
           ["tests/guest/build-boot.sh", BOOT],
           ["tests/guest/build-os-image.sh", OS_IMAGE]]
    if not bootparts.made_of(DEBIAN, "build-debian.sh", "demo-disk.sh",
                             "demo/init"):
        out.append(["tests/guest/build-debian.sh", DEBIAN])
    return out


# name: (commands, or a function that returns them; environment)
STAGES = {
    "build": ([make("all", "unit")], {}),
    "unit": (lambda: units("release"), {}),
    "api": (lambda: [[PY, "tests/api/run.py"]], {}),
    "clients": (lambda: scripts("tests/clients"), {}),
    "demo": (guests, {}),
    "guest": (lambda: scripts("tests/guest", DEMO), {}),
    "style": ([[PY, CI + "check-style.py"]], {}),
    "layers": ([[PY, CI + "check-layers.py"]], {}),
    "sql": ([[PY, CI + "check-sql.py"]], {}),
    "api-ref": ([[PY, CI + "gen-api-ref.py", "--check"]], {}),
    "clang": ([make("CC=clang", "FLAVOUR=clang", "all", "unit")], {}),
    "asan": ([make("FLAVOUR=asan", "all", "unit")], {}),
    "asan-unit": (lambda: units("asan"), SANITIZED),
    "asan-api": (lambda: [[PY, "tests/api/run.py"]], SANITIZED),
    "fuzz-build": ([make("CC=clang", "FLAVOUR=fuzz", "fuzz")], {}),
    "fuzz": (fuzzers, {}),
    "routes": ([[PY, CI + "check-routes.py", OPS]], {}),
    "tools": (lambda: scripts("tox-free-ci"), {}),
    "gates-test": ([["bash", OF_GATES[0]]], {}),
}
STATIC = ["style", "layers", "sql", "api-ref", "tools"]
SETS = {
    "test": ["build", "unit", "api", "demo", "guest",
             "clients", "routes"],
    "check": ["build"] + STATIC + ["clang", "gates-test"],
    "ci": ["build"] + STATIC + [
        "clang", "unit", "asan", "asan-unit", "asan-api", "demo", "guest",
        "clients", "routes", "fuzz-build", "fuzz", "gates-test"],
}
# What these say is of interest only when they fail.
QUIET = {"build", "demo", "clang", "asan", "fuzz-build", "fuzz", "unit",
         "asan-unit"}
# Their commands run side by side, one for each core: none waits for another.
AT_ONCE = {"fuzz"}
LIMIT = 1500        # seconds for one command
COUNTS = re.compile(r"^(?:[\w-]+: )?(\d+) passed, (\d+) failed\s*$")
CMOCKA = re.compile(r"^\[  (PASSED|FAILED)  \] (\d+) test")


def count(line, sums):
    """Adds what the line says to sums; True when it says something."""
    found = COUNTS.match(line)
    if found:
        sums[0] += int(found.group(1))
        sums[1] += int(found.group(2))
    else:
        found = CMOCKA.match(line)
        if found:
            sums[found.group(1) == "FAILED"] += int(found.group(2))
    return bool(found)


def follow(child, log, quiet):
    """Reads what it prints to its end; (its [passed, failed], whether it
    said so, its last lines)."""
    sums, spoke, last = [0, 0], False, collections.deque(maxlen=40)
    for line in child.stdout:
        log.write(line)
        log.flush()
        if count(line, sums):
            spoke = True
            continue
        last.append(line)
        if not quiet:
            sys.stdout.write(line)
            sys.stdout.flush()
    return sums, spoke, last


def run(command, env, log, quiet):
    """Runs a command; its [passed, failed]."""
    child = subprocess.Popen(["timeout", "-k", "30", str(LIMIT)] + command,
                             cwd=ROOT, env=dict(os.environ, **env),
                             stdin=subprocess.DEVNULL, errors="replace",
                             stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.STDOUT)
    sums, spoke, last = follow(child, log, quiet)
    code = child.wait()
    if quiet and (code or sums[1]):
        sys.stdout.writelines(last)
    if code and not sums[1]:
        sums[1] += 1
        print("FAILED with %d: %s" % (code, " ".join(command)))
    elif not spoke and not code:
        sums[0] += 1
    return sums


def run_all(commands, at_once, *how):
    if not at_once:
        return map(lambda command: run(command, *how), commands)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda command: run(command, *how), commands))


def stage(name):
    commands, env = STAGES[name]
    print("== " + name, flush=True)
    if callable(commands):
        commands = commands()
    began, sums = time.monotonic(), [0, 0]
    with open("build/log/%s.log" % name, "w") as log:
        for got in run_all(commands, name in AT_ONCE, dict(env, LITE_OPS=OPS),
                           log, name in QUIET):
            sums = [a + b for a, b in zip(sums, got)]
    if not commands:
        print("nothing to run")
    print("-- %s: %d passed, %d failed (%.0f s)" % (
        name, *sums, time.monotonic() - began), flush=True)
    return sums


def main():
    words = sys.argv[1:] or ["test"]
    names = [s for w in words for s in SETS.get(w, [w])]
    os.chdir(ROOT)
    shutil.rmtree("build/log", ignore_errors=True)
    os.makedirs("build/log")
    sums, bad = [0, 0], []
    for name in names:
        got = stage(name)
        sums = [a + b for a, b in zip(sums, got)]
        if got[1]:
            bad.append(name)
    if bad:
        print("failed: " + " ".join(bad))
    print("%d passed, %d failed" % tuple(sums))
    return 1 if sums[1] or not sums[0] else 0


if __name__ == "__main__":
    sys.exit(main())
