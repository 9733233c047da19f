# SPDX-License-Identifier: BSD-2-Clause
"""Storage that can be made to hang, as that of a machine that went away, and
storage that can be made to fail."""

import contextlib
import signal

import fatwrite
from harness import eventually, halt, run, start_process


class Hanging:
    """An image behind nbdfuse whose NBD server can be stopped."""

    def __init__(self, work):
        volume = fatwrite.small_volume(work / "backing", 12)
        volume.add("", b"CONFIG  TXT", b"hangs")
        volume.add("", b"LARGE   BIN", bytes(70000))
        self.socket = work / "nbd.socket"
        self.server = start_process(["nbdkit", "-f", "-U", self.socket,
                                     "file", work / "backing"])
        eventually(self.socket.exists, what="nbdkit")
        (work / "fuse").mkdir()
        self.path = work / "fuse/disk.img"
        self.fuse = start_process(
            ["nbdfuse", self.path, f"nbd+unix:///?socket={self.socket}"])
        eventually(self.path.exists, what="nbdfuse")
        self.work = work

    def stop(self, whole=False):
        """Hang every read of the image; `whole`: every stat of it too."""
        halt(self.fuse if whole else self.server)

    def go_on(self):
        for process in (self.fuse, self.server):
            process.send_signal(signal.SIGCONT)

    def close(self):
        self.go_on()
        run("umount", "-l", self.work / "fuse", check=False)
        for process in (self.fuse, self.server):
            process.kill()
            process.wait()


class Failing:
    """The image BACKING at .path, behind nbdfuse; its reads fail while there
    is a file .trigger."""

    def __init__(self, work, backing):
        self.trigger = work / "failing"
        socket = work / "failing.socket"
        self._server = start_process(
            ["nbdkit", "-f", "-U", socket, "--filter=error", "file", backing,
             "error-pread=EIO", "error-pread-rate=100%",
             f"error-file={self.trigger}"])
        eventually(socket.exists, what="nbdkit")
        self._directory = work / "failing.fuse"
        self._directory.mkdir()
        self.path = self._directory / "disk.img"
        self._fuse = start_process(
            ["nbdfuse", self.path, f"nbd+unix:///?socket={socket}"])
        eventually(self.path.exists, what="nbdfuse")

    @contextlib.contextmanager
    def fails(self):
        self.trigger.touch()
        yield
        self.trigger.unlink()

    def close(self):
        run("umount", "-l", self._directory, check=False)
        for process in (self._fuse, self._server):
            process.kill()
            process.wait()
