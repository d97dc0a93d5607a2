#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs scenario files: run.py [-k WORD] [-l] [FILE|NAME ...]

Without files: every tests/api/*_test.py. -k: only tests whose name contains
WORD. -l: list. LITE_BIN: where the programs are (build/release/bin).
LITE_KEEP=1 keeps the clouds' folders.
"""
import argparse
import glob
import importlib.util
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import harness  # noqa: E402


def load(path):
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tests_of(module, word):
    """Its test_* functions in the order of their lines."""
    found = [f for n, f in vars(module).items()
             if n.startswith("test_") and callable(f)
             and f.__module__ == module.__name__ and word in n]
    return sorted(found, key=lambda f: f.__code__.co_firstlineno)


def run_one(module, fn, cloud):
    count = harness.Count
    count.where = "%s.%s" % (module.__name__, fn.__name__)
    failed, passed = count.failed, count.passed
    began = time.monotonic()
    try:
        fn(cloud) if fn.__code__.co_argcount else fn()
    except harness.Enough:
        pass
    except Exception:
        count.failed += 1
        print("  FAIL %s: %s" % (count.where, traceback.format_exc()))
    if count.failed == failed and count.passed == passed:
        harness.check(False, "checks nothing")
    print("%-4s %s (%d checks, %.2f s)" % (
        "ok" if count.failed == failed else "FAIL", count.where,
        count.passed + count.failed - passed - failed,
        time.monotonic() - began), flush=True)


def run_group(modules, wants, word):
    with harness.Cloud(**wants) as cloud:
        for module in modules:
            for fn in tests_of(module, word):
                run_one(module, fn, cloud)


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("-k", default="", metavar="WORD")
    args.add_argument("-l", action="store_true")
    args.add_argument("files", nargs="*")
    args = args.parse_args()
    files = [f if f.endswith(".py") else "%s/%s_test.py" % (HERE, f)
             for f in args.files]
    groups = {}
    for path in files or sorted(glob.glob(HERE + "/*_test.py")):
        module = load(path)
        if not tests_of(module, args.k):
            continue
        wants = getattr(module, "CLOUD", {})
        groups.setdefault(repr(sorted(wants.items())), (wants, []))[1].append(
            module)
        if args.l:
            for fn in tests_of(module, args.k):
                print("%s.%s" % (module.__name__, fn.__name__))
    if args.l:
        return 0
    for wants, modules in groups.values():
        try:
            run_group(modules, wants, args.k)
        except Exception:
            harness.Count.failed += 1
            traceback.print_exc(file=sys.stdout)
    count = harness.Count
    print("%d passed, %d failed" % (count.passed, count.failed))
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main())
