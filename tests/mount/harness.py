# SPDX-License-Identifier: BSD-2-Clause
"""A running pibootfs for the tests: started, watched, stopped, cleaned up.

`Mount` is one daemon in the foreground. It counts as started when it has sent
READY=1, and as stopped when it left with status 0 and nothing stays mounted.
Everything a run creates lives below one directory, `session_directory()`, so
that `clean_up()` finds every mount, loop device and file by its path.
"""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PIBOOTFS = Path(os.environ.get("PIBOOTFS",
                               REPOSITORY / "build/fuse/pibootfs")).resolve()
START_SECONDS = 20
TEST_SECONDS = float(os.environ.get("TEST_SECONDS", 600))
STOP_SECONDS = 20
SANITIZER_REPORT = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")

_session_directory = None
_processes = []
_groups = set()


class MountFailed(AssertionError):
    """The daemon did not come up, did not stay up or did not leave well."""


def session_directory():
    """The directory below which this run keeps everything."""
    global _session_directory
    if _session_directory is None:
        _session_directory = Path(tempfile.mkdtemp(prefix="pibootfs-test-",
                                                   dir="/tmp"))
        _session_directory.chmod(0o755)
        os.environ["TMPDIR"] = str(_session_directory)  # nbdfuse's sockets
    return _session_directory


def start_process(command, **options):
    """subprocess.Popen() of a process that clean_up() ends at the latest."""
    process = subprocess.Popen([str(word) for word in command], **options)
    _processes.append(process)
    return process


def is_running(pid):
    """Is it there, and no zombie?"""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def daemon_pid(mountpoint):
    """The process that serves `mountpoint` in the background."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(mountpoint) in words and b"pibootfs" in words[0]:
            return int(entry.parent.name)
    raise AssertionError("no daemon")


def wait_end(pid, timeout=20):
    """Wait until a process that is not our child is gone."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([pidfd], [], [], timeout)[0], "it did not end"
    finally:
        os.close(pidfd)


def watch_group(group):
    """Have clean_up() end this process group, a daemon's, at the latest."""
    _groups.add(group)


def forget_group(group):
    """It has ended; another one may have its number next."""
    _groups.discard(group)


class Watchdog:
    """Ends a test that hangs: a system call in a FUSE mount can be waited
    out only by killing the daemon, so all processes are killed."""

    def __init__(self, name, timeout=TEST_SECONDS):
        self._timer = threading.Timer(timeout, self._kill, (name, timeout))
        self._timer.daemon = True
        self._timer.start()

    @staticmethod
    def _kill(name, timeout):
        print(f"{name} hangs after {timeout} s: killing its processes",
              file=sys.stderr)
        for process in _processes:
            if process.poll() is None:
                process.kill()

    def cancel(self):
        self._timer.cancel()


def run(*command, check=True, timeout=60, **options):
    """Run a command to its end; its output is text in .stdout, .stderr."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    if not isinstance(options.get("input"), bytes):
        options.setdefault("encoding", "utf-8")
        options.setdefault("errors", "surrogateescape")
    options.setdefault("stdin", None if "input" in options
                       else subprocess.DEVNULL)
    if options["stdin"] is None:
        del options["stdin"]
    result = subprocess.run([str(word) for word in command],
                            timeout=timeout, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{command!r}: status {result.returncode}\n"
                             f"{result.stdout}\n{result.stderr}")
    return result


def mount_point(line):
    """The place of a mountinfo line, its escapes undone."""
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)),
                  line.split(" ")[4])


def mount_lines(directory):
    """The mountinfo lines of mounts at or below `directory`, top last."""
    name = str(directory)
    text = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    return [line for line in text.split("\n")[:-1]
            if mount_point(line) == name
            or mount_point(line).startswith(name + "/")]


def is_mounted(directory):
    return any(mount_point(line) == str(directory)
               for line in mount_lines(directory))


def unmount_all(directory):
    """Detach every mount at or below `directory`."""
    for line in reversed(mount_lines(directory)):
        subprocess.run(["umount", "-l", "--", mount_point(line)],
                       check=False, stderr=subprocess.DEVNULL)


def eventually(condition, timeout=10, what="the condition"):
    """Wait until condition() is true; for states that send no event."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, \
            f"{what} did not come true within {timeout} s"
        time.sleep(0.02)


def halt(process):
    """SIGSTOP; returns when all of its threads stand still."""
    def states():
        return {path.read_text().rpartition(")")[2].split()[0]
                for path in Path(f"/proc/{process.pid}/task").glob("*/stat")}
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: states() == {"T"}, what="the stop")


def clean_up():
    """End, unmount, detach and delete what this run has left behind."""
    global _session_directory
    for process in _processes:
        if process.poll() is None:
            process.kill()
    while _groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(_groups.pop(), signal.SIGKILL)
    if _session_directory is None:
        return
    unmount_all(_session_directory)
    for line in run("losetup", "-l", "-n", "-O", "NAME,BACK-FILE",
                    check=False).stdout.splitlines():
        device, _, backing = line.partition(" ")
        if backing.strip().startswith(str(_session_directory) + "/"):
            run("losetup", "-d", device, check=False)
    for process in _processes:
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            pass
    _processes.clear()
    shutil.rmtree(_session_directory, ignore_errors=True)
    _session_directory = None


class Log:
    """What a process writes into a pipe, collected by a thread."""

    def __init__(self, pipe):
        self._text = ""
        self._ended = False
        self._changed = threading.Condition()
        self._pipe = pipe
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), 65536):
                with self._changed:
                    self._text += chunk.decode("utf-8", "replace")
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def text(self):
        with self._changed:
            return self._text

    def wait(self, pattern, timeout):
        """The first match of `pattern`; fails after `timeout` seconds."""
        wanted = re.compile(pattern, re.MULTILINE)
        with self._changed:
            self._changed.wait_for(
                lambda: wanted.search(self._text) or self._ended, timeout)
            match = wanted.search(self._text)
            text = self._text
        if match is None:
            raise AssertionError(f"no {pattern!r} in the log:\n{text}")
        return match

    def wait_end(self, timeout=5):
        """Wait until the last writer of the pipe is gone."""
        self._thread.join(timeout)


class NotifySocket:
    """A service manager's end of the sd_notify protocol."""

    def __init__(self, directory):
        self.path = Path(directory) / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self.messages = []

    def wait(self, state, pid, timeout):
        """True once `state` was sent, False when the process ended first."""
        pidfd = os.pidfd_open(pid)
        deadline = time.monotonic() + timeout
        try:
            while True:
                self._receive()
                if state in self.messages:
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(state)
                ready, _, _ = select.select([self._socket, pidfd], [], [],
                                            left)
                if ready == [pidfd]:
                    self._receive()
                    return state in self.messages
        finally:
            os.close(pidfd)

    def _receive(self):
        while select.select([self._socket], [], [], 0)[0]:
            datagram = self._socket.recv(65536).decode()
            self.messages.extend(datagram.splitlines())

    def received(self):
        self._receive()
        return list(self.messages)

    def close(self):
        self._socket.close()
        self.path.unlink(missing_ok=True)


class Mount:
    """`pibootfs -f` over one image directory; a context manager."""

    def __init__(self, images, mountpoint, options="", args=(), env=None,
                 wrapper=()):
        self.images = Path(images)
        self.path = Path(mountpoint)
        self.stopped = False
        self._directory = tempfile.mkdtemp(prefix="daemon-",
                                           dir=session_directory())
        self.notify = NotifySocket(self._directory)
        command = [*wrapper, PIBOOTFS, "-f",
                   *(("-o", options) if options else ()), *args,
                   images, mountpoint]
        environment = {**os.environ, **(env or {}),
                       "NOTIFY_SOCKET": str(self.notify.path)}
        environment.pop("JOURNAL_STREAM", None)
        self.process = start_process(command, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, env=environment)
        self._log = Log(self.process.stderr)
        self._wait_ready()

    def _wait_ready(self):
        try:
            ready = self.notify.wait("READY=1", self.pid, START_SECONDS)
        except TimeoutError:
            self._force_down()
            raise MountFailed("no READY=1 within "
                              f"{START_SECONDS} s:\n{self.log()}") from None
        if not ready:
            status = self.process.wait()
            self._log.wait_end()
            self._force_down()
            raise MountFailed(f"exit status {status} before READY=1:\n"
                              f"{self.log()}")
        if not is_mounted(os.path.realpath(self.path)):
            self._force_down()
            raise MountFailed("READY=1 but nothing is mounted")

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """What the daemon has written to its standard error so far."""
        return self._log.text()

    def wait_log(self, regex, timeout=10):
        """Wait for a log line; returns the match."""
        return self._log.wait(regex, timeout)

    def final_log_lines(self, *patterns):
        """log_lines() of the whole life: the daemon is stopped first."""
        self.stop()
        return self.log_lines(*patterns)

    def log_lines(self, *patterns):
        """The log's lines that match all of the patterns, so far."""
        return [line for line in self.log().splitlines()
                if all(re.search(pattern, line) for pattern in patterns)]

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        """SIGTERM; fails unless it ends at once, well and unmounted."""
        if self.stopped:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._force_down()
            raise MountFailed(f"still there {STOP_SECONDS} s after SIGTERM:\n"
                              f"{self.log()}") from None
        self._log.wait_end()
        left = is_mounted(self.path)
        self._force_down()
        if status != 0:
            raise MountFailed(f"exit status {status} after SIGTERM:\n"
                              f"{self.log()}")
        if left:
            raise MountFailed(f"{self.path} was left mounted")

    def kill(self):
        """SIGKILL, leaving the dead mount where it is."""
        self.process.kill()
        self.process.wait()
        self._log.wait_end()
        self.notify.close()
        self.stopped = True

    def _force_down(self):
        self.stopped = True
        if self.process.poll() is None:
            self.process.kill()
        unmount_all(self.path)
        self.process.wait()
        self._log.wait_end()
        self.notify.close()

    def check_healthy(self):
        """Fail when the daemon has died or a sanitizer has spoken."""
        if not self.stopped and not self.is_alive():
            self._log.wait_end()
            raise MountFailed(f"the daemon died, status "
                              f"{self.process.returncode}:\n{self.log()}")
        if SANITIZER_REPORT.search(self.log()):
            raise MountFailed(f"sanitizer report:\n{self.log()}")

    def finish(self):
        """stop() for teardown: nothing stays, whatever went wrong."""
        try:
            self.check_healthy()
            self.stop()
            self.check_healthy()
        finally:
            if not self.stopped:
                self._force_down()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.finish()
