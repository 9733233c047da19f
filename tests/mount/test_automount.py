# SPDX-License-Identifier: BSD-2-Clause
"""Mounted by autofs when somebody comes by, unmounted when nobody does; what
systemd does for x-systemd.automount is the same.  Both let only their own
process group come near the mount point before it is mounted."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness import eventually, run, start_process

pytestmark = pytest.mark.usefixtures("good_board")
HANG_SECONDS = 5
FIRST_PID_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO, linux/proc_ns.h


class Automounter:
    """automount(8) with a direct map, in a mount namespace of its own."""

    def __init__(self, work, images, mountpoint):
        self.mountpoint = mountpoint
        (work / "master").write_text(f"/- {work}/direct --timeout=1\n")
        (work / "direct").write_text(
            f"{mountpoint} -fstype=fuse.pibootfs,ro :{images}\n")
        self.log = work / "automount.log"
        with self.log.open("wb") as log:
            # A /run of its own has no file of another automounter's.
            self.process = start_process(
                ["unshare", "-m", "sh", "-c",
                 'mount -t tmpfs none /run && exec automount -f -v "$0"',
                 work / "master"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)
        eventually(lambda: "autofs" in self.kinds(), what="automount")

    def kinds(self):
        """What is mounted at the mount point, the topmost last."""
        text = Path(f"/proc/{self.process.pid}/mounts").read_text()
        return [line.split()[2] for line in text.splitlines()
                if line.split()[1] == str(self.mountpoint)]

    def inside(self, *command, **options):
        return run("nsenter", "-t", self.process.pid, "-m", *command,
                   **options)

    def expires(self):
        eventually(lambda: self.kinds() == ["autofs"], what="the expiry")

    def end(self):
        """Ends it and all that hangs in its namespace."""
        namespace = os.readlink(f"/proc/{self.process.pid}/ns/mnt")
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        for link in Path("/proc").glob("[0-9]*/ns/mnt"):
            with contextlib.suppress(OSError):
                if os.readlink(link) == namespace:
                    os.kill(int(link.parts[2]), signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def automounter(work, images, mountpoint):
    if not shutil.which("automount"):
        pytest.skip("automount(8) is not installed")
    if not os.path.exists("/dev/autofs"):
        pytest.skip("the kernel has no autofs")
    if os.readlink("/proc/self/ns/pid") != FIRST_PID_NAMESPACE:
        pytest.skip("in a container autofs asks no automounter")
    made = Automounter(work, images, mountpoint)
    yield made
    made.end()


@pytest.mark.usefixtures("helper")
def test_it_is_mounted_expires_and_is_mounted_again(automounter, mountpoint):
    for _ in range(2):
        read = automounter.inside("cat", mountpoint / "good/config.txt",
                                  timeout=20)
        assert read.stdout == "good", automounter.log.read_text()
        assert automounter.kinds() == ["autofs", "fuse.pibootfs"]
        automounter.expires()


def test_a_helper_in_a_session_of_its_own_hangs(helper, automounter, work,
                                                mountpoint):
    """The control: the test above finds what it is there to find."""
    (work / helper.name).symlink_to(os.readlink(helper))
    helper.unlink()
    helper.write_text(f'#!/bin/sh\nexec setsid {work / helper.name} "$@"\n')
    helper.chmod(0o755)
    with pytest.raises(subprocess.TimeoutExpired):
        automounter.inside("ls", mountpoint / "good", timeout=HANG_SECONDS)
    assert automounter.kinds() == ["autofs"]
