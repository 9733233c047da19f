# SPDX-License-Identifier: BSD-2-Clause
"""What comes over TFTP: to a board's boot ROM, and name by name.

`bootrom` asks as the hardware does. It is found in the build directory, or
where BOOTROM says.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import harness
import tftpclient

BOOTROM = Path(os.environ.get(
    "BOOTROM", harness.PIBOOTFS.parents[1] / "tests/e2e/bootrom")).resolve()
SERVER = "127.0.0.1"
LOAD_SECONDS = 120


class NotLoaded(AssertionError):
    """The boot ROM found nothing to start; the text is its log's end."""


@dataclass(frozen=True)
class Loaded:
    """What a boot ROM has loaded and would start."""
    directory: Path

    @property
    def kernel(self):
        return self.directory / "kernel"

    @property
    def initramfs(self):
        return self.directory / "initramfs"

    @property
    def dtb(self):
        return self.directory / "dtb"

    @property
    def cmdline(self):
        return (self.directory / "cmdline.txt").read_text().strip()

    def files(self, prefix):
        """{path: digest} of all files that were asked for below `prefix`."""
        root = self.directory / "files" / prefix
        return {str(path.relative_to(root)): digest(path.read_bytes())
                for path in root.rglob("*") if path.is_file()}


def digest(data):
    """SHA-256 as sha256sum prints it."""
    return hashlib.sha256(data).hexdigest()


def load(network, serial, directory, model="pi3", mac=None):
    """Let a board's boot ROM load into `directory`; may raise NotLoaded."""
    directory = Path(directory)
    result = network.run(
        BOOTROM, "--model", model, "--serial", serial, "--out", directory,
        *(["--mac", mac] if mac else []), "--timeout", LOAD_SECONDS, SERVER,
        check=False, timeout=LOAD_SECONDS + 10)
    log = result.stdout + result.stderr
    directory.with_name(directory.name + ".log").write_text(log)
    if result.returncode != 0:
        raise NotLoaded(f"bootrom's status is {result.returncode}:\n"
                        f"{log[-2000:]}")
    return Loaded(directory)


def fetch(network, path):
    """The bytes that TFTP gives for a path; may raise TftpError."""
    return tftpclient.fetch(network, path, tsize=0, blksize=1468)
