# SPDX-License-Identifier: BSD-2-Clause
"""Threads and memory run out: a start says so and leaves nothing, a daemon
that serves goes on."""

import errno
import re
import resource
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import PIBOOTFS, eventually, is_mounted, run, start_process
from preptool import strace
from tree import assert_good

pytestmark = pytest.mark.usefixtures("good_board")
SANITIZED = any(word in PIBOOTFS.read_bytes()
                for word in (b"__asan_", b"__tsan_"))


# At the start

def numbers_of(calls, pattern):
    """Which ones of all calls match, counted from 1."""
    return [number for number, call in enumerate(calls, 1)
            if re.search(pattern, call)]


@pytest.fixture
def thread_faults(work, mount):
    """Faults that keep each thread of a start from being made, in turn."""
    if SANITIZED:
        pytest.skip("a sanitizer makes threads and mappings of its own")
    trace = work / "trace"
    daemon = mount(wrapper=strace(trace=trace, calls="mmap,clone3"))
    run("umount", daemon.path)  # strace lets no signal through
    daemon.process.wait(20)
    daemon.stop()
    calls = trace.read_text().splitlines()
    stacks = numbers_of([call for call in calls if "mmap(" in call],
                        "MAP_STACK")
    threads = sum("clone3(" in call for call in calls)
    assert threads > 10 and len(stacks) == threads
    return [f"clone3:error=EAGAIN:when={number}"
            for number in range(1, threads + 1)] \
        + [f"mmap:error=ENOMEM:when={number}" for number in stacks]


def test_a_start_without_a_thread_says_so_and_leaves_nothing(
        thread_faults, images, mountpoint):
    for fault in thread_faults:
        result = run(*strace(fault, calls="mmap,clone3"), PIBOOTFS, "-f",
                     images, mountpoint, check=False, timeout=20)
        assert result.returncode == 2, (fault, result)
        assert "cannot start serving" in result.stderr, (fault, result)
        assert not is_mounted(mountpoint), fault


# While serving

def read_all_at_once(daemon, count=40):
    """Reads the good board's file by many; errors count as answers."""
    def read(_):
        try:
            return (daemon.path / "good/config.txt").read_bytes()
        except OSError as error:
            return error.errno

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(read, range(count)))


def test_a_daemon_that_cannot_make_threads_serves_on(mount, work):
    daemon = mount()
    # strace ends when the daemon does.
    tracer = start_process([*strace("clone3:error=EAGAIN", calls="clone3",
                                    trace=work / "trace"),
                            "-f", "-p", daemon.pid],
                           stderr=subprocess.PIPE)
    assert b"attached" in tracer.stderr.readline()
    assert set(read_all_at_once(daemon)) <= {b"good", errno.EIO}
    assert "INJECTED" in (work / "trace").read_text()
    tracer.send_signal(signal.SIGINT)
    tracer.wait(20)
    assert_good(daemon)


def address_space(pid):
    """How many bytes a process has taken."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmSize:\s+(\d+) kB", text)[1]) * 1024


@pytest.fixture
def short(mount):
    """A daemon that gets no memory from the kernel any more."""
    if SANITIZED:
        pytest.skip("a sanitizer needs more memory than can be limited")
    daemon = mount()
    set_limit(daemon, address_space(daemon.pid))
    return daemon


def set_limit(daemon, limit=resource.RLIM_INFINITY):
    resource.prlimit(daemon.pid, resource.RLIMIT_AS,
                     (limit, resource.RLIM_INFINITY))


@pytest.mark.parametrize("more", (0, 1 << 18, 1 << 19, 1 << 20))
def test_a_daemon_short_of_memory_serves_on_once_there_is_some(more, short):
    set_limit(short, address_space(short.pid) + more)
    for _ in range(5):
        read_all_at_once(short)
    set_limit(short)
    eventually(lambda: set(read_all_at_once(short)) == {b"good"},
               what="serving again")
    assert is_mounted(short.path) and short.is_alive()


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_a_daemon_short_of_memory_ends_as_asked(number, short):
    short.process.send_signal(number)
    assert short.process.wait(20) == 0
    assert not is_mounted(short.path)
    short.stop()


def test_a_daemon_short_of_memory_ends_when_unmounted(short):
    run("umount", short.path)
    assert short.process.wait(20) == 0
    short.stop()
