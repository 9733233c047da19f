# SPDX-License-Identifier: BSD-2-Clause
"""What reaches the log, and in what form."""

import contextlib
import errno
import os
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fatwrite
from fatwrite import short_entry
from harness import PIBOOTFS, daemon_pid, eventually, run, wait_end
from tree import assert_good, expect_error, names, open_error

pytestmark = pytest.mark.usefixtures("good_board")


@pytest.mark.parametrize("character", (
    "\x1b", "\n", "\x7f", "\u009b", "\u061c", "\u200f", "\u2028", "\u202e",
    "\u2066"), ids=ascii)
def test_what_a_terminal_would_obey_in_a_name_is_masked(character, images,
                                                        mount):
    volume = fatwrite.small_volume(images / "v.img")
    name = f"ä{character}.gpj"
    volume.set_entry(volume.add("", b"NAME~1  GPJ", b"x", long=name),
                     cluster=0)
    daemon = mount()
    open_error(errno.EIO, daemon.path / "v" / name)
    (line,) = daemon.final_log_lines(r"v\.img: ä\?\.gpj: ")
    assert character not in line


# How much

@pytest.fixture
def flood(images):
    """flood.img: 2,000 names that cannot be shown."""
    volume = fatwrite.small_volume(images / "flood.img", 12, clusters=400)
    volume.add_directory("", b"SUB        ")
    volume.add_slots("SUB", b"".join(short_entry(b"A/B     TXT")
                                     for _ in range(2000)))


def test_a_directory_of_bad_names_gives_a_few_lines_and_their_number(flood,
                                                                     mount):
    daemon = mount()
    for _ in range(2):
        assert names(daemon.path / "flood/sub") == []
    *lines, last = daemon.final_log_lines(r"flood\.img")
    assert 5 <= len(lines) <= 50 and all("byte 0x" in line for line in lines)
    number, = re.search(r"flood\.img: and (\d+) more like it", last).groups()
    assert int(number) + len(lines) >= 2000


def ask_for_boards(root, count=300):
    """Lookups of boards that there are not, by many at once."""
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda number: expect_error(
            errno.ENOENT, os.stat, root / f"{number:08x}"), range(count)))


def test_boards_without_an_entry_give_a_few_lines_and_their_number(mount):
    daemon = mount()
    ask_for_boards(daemon.path)
    *lines, last = daemon.final_log_lines("board [0-9a-f]{8} asks")
    assert 5 <= len(lines) <= 50
    number, = re.search(r"and (\d+) more like it", last).groups()
    assert int(number) + len(lines) == 300


def test_a_flood_of_one_image_silences_no_other(flood, images, mount):
    (images / "bad.img").write_bytes(b"nothing")
    daemon = mount()
    names(daemon.path / "flood/sub")
    open_error((errno.EIO, errno.ENOENT), daemon.path / "bad/config.txt")
    assert daemon.final_log_lines(r"bad\.img.*answering")


# Nobody waits for who takes it

@pytest.fixture
def full_pipe(work):
    """A FIFO that takes nothing more; returns its path and read(), which
    gets what it holds."""
    path = work / "fifo"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(descriptor, b"x" * 4096)

    def read():
        text = b""
        try:
            while chunk := os.read(descriptor, 65536):
                text += chunk
        except BlockingIOError:
            return text.decode().lstrip("x")

    yield path, read
    read()
    os.close(descriptor)


def served_beside_refusals(root):
    """A crowd of refusals, and the good board beside it, in time."""
    pool = ThreadPoolExecutor(2)
    refused = pool.submit(ask_for_boards, root)
    good = pool.submit((root / "good/config.txt").read_bytes)
    pool.shutdown(wait=False)
    refused.result(20)
    return good.result(20) == b"good"


def test_a_full_pipe_on_standard_error_holds_nobody_up(full_pipe, flood,
                                                       mount):
    path, read = full_pipe
    daemon = mount(wrapper=("sh", "-c", f'exec "$0" "$@" 2>{path}'))
    try:
        assert served_beside_refusals(daemon.path)
        assert names(daemon.path / "flood/sub") == []
    finally:
        eventually(lambda: "asks for its files" in read(),
                   what="the messages")
    assert_good(daemon)


def test_a_full_pipe_on_standard_error_does_not_hold_up_the_end(full_pipe,
                                                                mount):
    path, _ = full_pipe
    daemon = mount(wrapper=("sh", "-c", f'exec "$0" "$@" 2>{path}'))
    assert served_beside_refusals(daemon.path)
    daemon.stop()


# In the background

class Background:
    """The daemon in the background, with a /dev of its own, in which /dev/log
    is, unless `log` is None, a socket of the test's."""

    def __init__(self, work, images, mountpoint, log, **options):
        (work / "dev").mkdir()
        files = ["/dev/fuse", "/dev/null", *([log] if log else [])]
        script = "mount -t tmpfs none dev && "
        for file in files:
            name = "log" if file == log else Path(file).name
            script += f"touch dev/{name} && mount --bind {file} dev/{name} && "
        result = run("unshare", "-m", "sh", "-c",
                     f'{script} mount --rbind dev /dev && exec "$@"', "sh",
                     PIBOOTFS, images, mountpoint, cwd=work, timeout=30,
                     **options)
        self.said = result.stderr
        self.pid = daemon_pid(mountpoint)
        self.root = Path(f"/proc/{self.pid}/root{mountpoint}")

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        try:
            wait_end(self.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@pytest.fixture
def background(work, images, mountpoint):
    started = []

    def start(log, **options):
        started.append(Background(work, images, mountpoint, log, **options))
        return started[-1]

    yield start
    for daemon in started:
        daemon.end()


@pytest.fixture
def syslog(work):
    """A socket as /dev/log."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(work / "log"))
        made.settimeout(20)
        yield made


def test_what_a_terminal_started_logs_to_syslog_and_not_there(background,
                                                              syslog):
    master, slave = os.openpty()
    os.set_blocking(master, False)
    daemon = background(syslog.getsockname(), stdin=slave, stdout=slave,
                        stderr=slave)
    ask_for_boards(daemon.root, 1)
    assert re.search(rb"<29>.* pibootfs\[\d+\]: board 00000000 asks",
                     syslog.recv(4096))
    expect_error(errno.EAGAIN, os.read, master, 1)
    os.close(master)
    os.close(slave)


def test_a_caller_reads_to_the_end_of_its_pipe(background, syslog):
    assert background(syslog.getsockname()).said == ""


def test_without_syslog_the_caller_is_told_what_is_lost(background):
    assert re.fullmatch("pibootfs: /dev/log: No such file.* lost.*\n",
                        background(None).said)


def test_a_file_as_standard_error_stays(background, syslog, work):
    with (work / "file").open("w") as file:
        daemon = background(syslog.getsockname(), stderr=file)
    ask_for_boards(daemon.root, 1)
    eventually(lambda: "board 00000000" in (work / "file").read_text(),
               what="the message")


def test_a_syslog_that_hangs_holds_nobody_up(background, syslog):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                other.sendto(b"x", syslog.getsockname())
    daemon = background(syslog.getsockname())
    assert served_beside_refusals(daemon.root)
