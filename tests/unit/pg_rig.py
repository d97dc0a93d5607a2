#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL for a unit test: prints its DSN, ends with its input."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../tox-free-ci"))
from postgres import Postgres, as_owner  # noqa: E402

with tempfile.TemporaryDirectory(prefix="lite-unit-") as folder:
    pg = Postgres(folder, durable=False)
    pg.init()
    server = subprocess.Popen(pg.command(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, **as_owner())
    try:
        pg.ready(lambda: server.poll() is None)
        print(pg.dsn, flush=True)
        sys.stdin.read()
    finally:
        server.terminate()
        server.wait()
