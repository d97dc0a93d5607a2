#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guestfwd_test.sh - bytes, half-closes and ends of nova-lite-guestfwd (or of
# the program GUESTFWD).
program=$(dirname "$0")/../../build/release/bin/nova-lite-guestfwd
exec python3 - "${GUESTFWD:-$program}" <<'PY'
import os, socket, subprocess, sys, tempfile, threading

program = sys.argv[1]
passed = failed = 0


def check(name, ok):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("ok  " if ok else "FAIL", name)


def serve(folder, handler):
    path = os.path.join(folder, "s")
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def once():
        peer, _ = listener.accept()
        with peer, listener:
            handler(peer)

    global service
    service = threading.Thread(target=once, daemon=True)
    service.start()
    return path


def read_all(peer):
    data = b""
    while chunk := peer.recv(65536):
        data += chunk
    return data


def start(path, stdin, stdout):
    return subprocess.Popen([program, path], stdin=stdin, stdout=stdout)


with tempfile.TemporaryDirectory() as folder:
    big = os.urandom(3_000_000)

    # The service answers only after the end of the request: a half-close must
    # come through, and the answer must still find its way back.
    def reverse(peer):
        peer.sendall(read_all(peer)[::-1])

    ours, theirs = socket.socketpair()
    child = start(serve(folder, reverse), theirs, theirs)
    theirs.close()
    ours.sendall(big)
    ours.shutdown(socket.SHUT_WR)
    check("3 MB there and back over a half-closed socket",
          read_all(ours) == big[::-1])
    check("ends with status 0", child.wait(5) == 0)

    # The same over pipes, which have no half-close of their own.
    child = start(serve(folder, reverse), subprocess.PIPE, subprocess.PIPE)
    check("the same over pipes", child.communicate(big, 10)[0] == big[::-1])
    check("ends with status 0", child.returncode == 0)

    # Both talk at once, more than any buffer holds.
    def flood(peer):
        sender = threading.Thread(target=peer.sendall, args=(big,))
        sender.start()
        global heard
        heard = read_all(peer)
        sender.join()

    ours, theirs = socket.socketpair()
    child = start(serve(folder, flood), theirs, theirs)
    theirs.close()
    sender = threading.Thread(
        target=lambda: (ours.sendall(big), ours.shutdown(socket.SHUT_WR)))
    sender.start()
    got = b""
    while len(got) < len(big):
        got += ours.recv(65536)
    sender.join()
    service.join(5)
    check("both ways at once", got == big and child.wait(5) == 0
          and heard == big)

    # The service goes away while the guest holds its end open.
    ours, theirs = socket.socketpair()
    child = start(serve(folder, lambda peer: peer.sendall(b"bye")),
                  theirs, theirs)
    theirs.close()
    check("the last words arrive", read_all(ours) == b"bye")
    check("does not outlive the service", child.wait(5) == 0)

    child = start(os.path.join(folder, "nobody"), subprocess.DEVNULL, None)
    check("no socket: status 1", child.wait(5) == 1)
    child = start(folder + "/" + "x" * 200, subprocess.DEVNULL, None)
    check("too long a path: status 1", child.wait(5) == 1)
    check("no argument: status 2", subprocess.run(
        [program], stderr=subprocess.DEVNULL).returncode == 2)

print(f"guestfwd: {passed} passed, {failed} failed")
sys.exit(failed > 0)
PY
