# SPDX-License-Identifier: Apache-2.0
"""The same injection by libguestfs, the peer of tests/bench."""
import glob
import os
import shutil
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def kernel(temp):
    """The variables that give supermin a kernel where none is installed."""
    if glob.glob("/boot/vmlinuz-*"):
        return {}
    package = max(glob.glob(os.path.join(
        ROOT, "build/guest/linux-image-*-cloud-amd64_*.deb")))
    subprocess.run(["dpkg-deb", "-x", package, temp], check=True)
    version = os.path.basename(glob.glob(temp + "/boot/vmlinuz-*")[0])[8:]
    modules = os.path.join(temp, "lib/modules", version)
    subprocess.run(["depmod", "-b", temp, version], check=True)
    return {"SUPERMIN_KERNEL": temp + "/boot/vmlinuz-" + version,
            "SUPERMIN_MODULES": modules, "SUPERMIN_KERNEL_VERSION": version}


def script(root, files):
    """guestfish's commands for [(path in the guest, path here)]."""
    return "\n".join(["run", "mount %s /" % root, "mkdir-p /opt/app"] + [
        "upload %s %s" % (source, path) for path, source in files]) + "\n"


def inject(base, root, files):
    """Seconds for the files [(path in the guest, path here)] into the root
    file system of a layer over base, (path, format); None where libguestfs
    is not installed. The first run, which builds libguestfs' appliance, is
    not counted."""
    if not shutil.which("guestfish"):
        return None
    with tempfile.TemporaryDirectory() as temp:
        env = dict(os.environ, LIBGUESTFS_BACKEND="direct", HOME=temp,
                   LIBGUESTFS_BACKEND_SETTINGS="force_tcg",
                   LIBGUESTFS_CACHEDIR=temp, **kernel(temp))
        os.makedirs("/lib/modules", exist_ok=True)
        layer = os.path.join(temp, "layer.qcow2")
        text = script(root, files)
        for _ in range(2):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F",
                            base[1], "-b", base[0], layer], check=True)
            began = time.monotonic()
            subprocess.run(["guestfish", "--format=qcow2", "-a", layer],
                           input=text, text=True, env=env, check=True,
                           stdout=subprocess.DEVNULL)
            took = time.monotonic() - began
    return took
