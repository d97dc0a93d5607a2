#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL for a unit test: prints its DSN, obeys the lines `stop` (at
once, as if it had crashed) and `start` and answers each, ends with its
input."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../tox-free-ci"))
from postgres import Postgres  # noqa: E402

with tempfile.TemporaryDirectory(prefix="lite-unit-") as folder:
    rig = Postgres(folder, durable=False)
    rig.start()
    try:
        print(rig.dsn, flush=True)
        for line in sys.stdin:
            if line == "stop\n":
                rig.kill()
            else:
                rig.start()
            print("done", flush=True)
    finally:
        rig.kill()
