# SPDX-License-Identifier: BSD-2-Clause
"""A Pi 3 in QEMU, whose system does what a test tells it.

The board has what a boot ROM has loaded, its root disk over the network, and
nothing else: no disk, no files of the host. Its system connects to this
process (guest/agent), which sends it scripts.
"""

import base64
import os
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import harness
import lab

QEMU = "qemu-system-aarch64"
AGENT_PORT = 7070
UP_SECONDS = 180
STEP_SECONDS = 120
RESTART_SECONDS = 60


class BoardFailed(AssertionError):
    """The board did not do what it had to; says what its console showed."""


@dataclass(frozen=True)
class Outcome:
    """What a script came to."""
    status: int
    output: str


class Board:
    """One power cycle, from the loaded kernel on; a context manager.

    `console` is the file that keeps what the board says.
    """

    def __init__(self, network, loaded, console):
        self._console = Path(console)
        self._connection = None
        self._input = b""
        self._listener = network.listener(AGENT_PORT)
        # The board must not outlive the test, however that ends.
        self._process = harness.start_process(
            network.inside(
                "setpriv", "--pdeathsig", "KILL", QEMU, "-M", "raspi3b",
                "-kernel", loaded.kernel, "-initrd", loaded.initramfs,
                "-dtb", loaded.dtb, "-append", loaded.cmdline,
                "-netdev", f"tap,id=net,ifname={lab.TAP},script=no,"
                "downscript=no", "-device", "usb-net,netdev=net",
                "-serial", "null", "-serial", f"file:{self._console}",
                "-display", "none", "-monitor", "none", "-no-reboot"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        self._qemu_log = harness.Log(self._process.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pull_the_plug()

    def wait_up(self, timeout=UP_SECONDS):
        """Wait until the system has started and asks what to do."""
        self._wait_readable(self._listener, time.monotonic() + timeout,
                            "its system did not come up")
        self._connection, _ = self._listener.accept()
        self._connection.setblocking(False)

    def attempt(self, script, timeout=STEP_SECONDS):
        """Run a shell script on the board; its Outcome."""
        deadline = time.monotonic() + timeout
        self.start(script)
        while not self._input.endswith(b"\n"):
            self._receive_some(deadline)
        answer, self._input = base64.b64decode(self._input), b""
        status, _, output = answer.decode().partition("\n")
        return Outcome(int(status), output)

    def run(self, script, timeout=STEP_SECONDS):
        """Run a script that must succeed; its output."""
        outcome = self.attempt(script, timeout)
        if outcome.status != 0:
            raise self._failure(f"{script!r} has status {outcome.status}:\n"
                                f"{outcome.output}")
        return outcome.output

    def start(self, script):
        """Send a script and do not wait; see guest/agent for the spaces."""
        self._connection.sendall(base64.b64encode(script.encode()) + b"   \n")

    def restart(self, timeout=RESTART_SECONDS):
        """A clean reboot, up to the point at which the boot ROM begins."""
        self.start("exec /usr/local/sbin/restart")
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._failure("it does not restart" + self._said()) from None
        if status != 0:
            raise self._failure(f"QEMU's status is {status}")
        self._close()

    def pull_the_plug(self):
        """The board is off at once."""
        self._process.kill()
        self._process.wait()
        self._close()

    def console(self):
        """What the board has said so far."""
        if not self._console.exists():
            return ""
        return self._console.read_text(encoding="utf-8", errors="replace")

    def _close(self):
        self._qemu_log.wait_end()
        for opened in (self._connection, self._listener):
            if opened is not None:
                opened.close()

    def _said(self):
        """What has come in answer without being asked for, if anything."""
        try:
            answer = base64.b64decode(self._connection.recv(65536))
        except (BlockingIOError, ConnectionError, ValueError):
            return ""
        return f", and says:\n{answer.decode(errors='replace')}"

    def _receive_some(self, deadline):
        self._wait_readable(self._connection, deadline, "it does not answer")
        data = self._connection.recv(65536)
        if not data:
            raise self._failure("it has closed its connection")
        self._input += data

    def _wait_readable(self, opened, deadline, complaint):
        """Wait until there is something to read; fail when QEMU ends."""
        pidfd = os.pidfd_open(self._process.pid)
        try:
            left = max(0, deadline - time.monotonic())
            ready, _, _ = select.select([opened, pidfd], [], [], left)
        finally:
            os.close(pidfd)
        if opened not in ready:
            ended = f" (QEMU ended, {self._process.poll()})" if ready else ""
            raise self._failure(complaint + ended)

    def _failure(self, complaint):
        last = "\n".join(self.console().splitlines()[-30:])
        return BoardFailed(f"the board: {complaint}\n--- {self._console}, "
                           f"the end:\n{last}\n--- QEMU:\n"
                           f"{self._qemu_log.text()}")
