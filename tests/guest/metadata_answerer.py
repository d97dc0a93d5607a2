#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""metadata_answerer.py SOCKET|BRIDGE - the metadata documents of one machine.

Serves one made-up instance on a Unix socket (a path) or at 169.254.169.254:80
on a bridge, for tests of the guest and of the way from it to the host where
the metadata service itself is not the subject.
"""
import http.server
import json
import os
import socket
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


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class BridgeServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, bridge):
        super().__init__(("169.254.169.254", 80), Answer, False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                               bridge.encode())
        self.server_bind()
        self.server_activate()


def serve(where):
    if "/" not in where:
        server = BridgeServer(where)
    else:
        server = UnixServer(where + ".new", Answer)
        os.chmod(where + ".new", 0o666)  # QEMU may run as another user
        os.rename(where + ".new", where)
    server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1])
