#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""metadata_answerer.py SOCKET - the few metadata documents a guest test needs.

Serves one made-up instance on a Unix socket, for tests of the guest and of
the way from it to the host where the metadata service itself is not the
subject.
"""
import http.server
import json
import os
import socketserver
import sys

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemo demo@test"
UUID = "3d3e0f6a-52d4-4c4f-9d0c-0f6f0a1b2c3d"
DOCUMENTS = {
    "/openstack/latest/meta_data.json": json.dumps({
        "uuid": UUID, "hostname": "demo-1.novalocal", "name": "demo-1",
        "public_keys": {"k": KEY},
        "keys": [{"name": "k", "type": "ssh", "data": KEY}]}),
    "/openstack/latest/user_data": "#!/bin/sh\necho DEMO user-data-ran\n",
    "/latest/meta-data/hostname": "demo-1.novalocal",
    "/latest/meta-data/instance-id": "i-0000002a",
    "/latest/meta-data/public-keys/0/openssh-key": KEY,
}


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = DOCUMENTS.get(self.path, "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "guest"

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if __name__ == "__main__":
    path = sys.argv[1]
    with Server(path + ".new", Answer) as server:
        os.chmod(path + ".new", 0o666)  # QEMU may run as another user
        os.rename(path + ".new", path)
        server.serve_forever()
