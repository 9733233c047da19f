# SPDX-License-Identifier: BSD-2-Clause
"""Files and directories as programs see them: content, sizes, dates, modes,
and that nothing can be written."""

import errno
import mmap
import os
import random
import stat
import time
from datetime import datetime, timezone

import pytest

import disk
import fatwrite
from harness import eventually
from tree import expect_error, names, open_error


@pytest.fixture
def volume(images):
    """v.img, an empty FAT32 volume of clusters of 512 bytes."""
    return fatwrite.small_volume(images / "v.img", 32, 2000)


@pytest.fixture
def board(images, mount):
    """The mounted directory of v.img; called once the volume is filled."""
    return lambda options="", **more: mount(options, **more).path / "v"


# Content

@pytest.mark.parametrize("size", (1, 511, 512, 513, 4095, 4096, 4097, 131072,
                                  131073, 400000))
def test_a_file_of_this_size_reads_back(size, volume, board):
    data = random.Random(size).randbytes(size)
    volume.add("", b"FILE    BIN", data)
    path = board() / "file.bin"
    assert path.stat().st_size == size
    assert path.read_bytes() == data


@pytest.mark.parametrize("cluster", (0, 2, 5, 0x0fffffff))
def test_a_file_of_no_bytes_is_empty_whatever_its_first_cluster(
        cluster, volume, board):
    volume.add("", b"EMPTY   TXT", cluster=cluster)
    path = board() / "empty.txt"
    assert path.stat().st_size == 0
    assert path.read_bytes() == b""


def test_what_lies_behind_the_end_of_a_file_is_not_shown(volume, board):
    offset = volume.add("", b"SLACK   TXT", b"x" * 512)
    volume.set_entry(offset, size=100)
    path = board() / "slack.txt"
    with path.open("rb", buffering=0) as file:
        assert file.read(4096) == b"x" * 100
        assert os.pread(file.fileno(), 10, 100) == b""
        assert os.pread(file.fileno(), 10, 1 << 40) == b""
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            assert mapped[:] == b"x" * 100


def test_a_file_is_read_at_any_offset_and_length(volume, board):
    data = random.Random(1).randbytes(200000)
    volume.add("", b"FILE    BIN", data)
    wanted = random.Random(2)
    with (board() / "file.bin").open("rb", buffering=0) as file:
        for _ in range(300):
            offset, size = wanted.randrange(200000), wanted.randrange(5000)
            assert (os.pread(file.fileno(), size, offset)
                    == data[offset:offset + size])


def test_a_directory_cannot_be_read_as_a_file(volume, board):
    volume.add_directory("", b"SUB        ")
    path = board() / "sub"
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        expect_error(errno.EISDIR, os.read, descriptor, 1)
    finally:
        os.close(descriptor)
    expect_error(errno.ENOENT, os.stat, path / "nothing")


LARGEST = (4 << 30) - 1


@pytest.fixture
def largest(images):
    """v.img with a sparse file of the largest size; {offset: content}."""
    cluster = 32768
    disk.fat_volume(images / "v.img", 5 << 30, 32, cluster)
    volume = fatwrite.Writer(images / "v.img")
    first = volume.reserve(-(-LARGEST // cluster))
    volume.add("", b"LARGEST IMG", cluster=first, size=LARGEST)
    volume.add("", b"CONFIG  TXT", b"beside it")
    marks = {0: b"first", 3 << 30: b"middle", LARGEST - 4: b"last"}
    for offset, data in marks.items():
        volume.put(volume.cluster_offset(first) + offset, data)
    return marks


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file
                    if line.startswith("MemAvailable:"))


def test_a_file_of_4_gib_less_one_byte_is_served(largest, images, mount):
    if available_memory() < 7 << 30:
        pytest.skip("a photograph of 4 GiB needs as much memory")
    changed = (images / "v.img").stat().st_ctime
    eventually(lambda: time.time() > changed + 2.5,
               what="an image that has settled, and is read once only")
    path = mount("snapshot_memory=5G").path / "v/largest.img"
    assert path.stat().st_size == LARGEST
    with path.open("rb", buffering=0) as file:
        for offset, data in largest.items():
            assert os.pread(file.fileno(), len(data), offset) == data
        assert os.pread(file.fileno(), 10, LARGEST - 2) == b"st"


def test_a_file_larger_than_the_budget_is_refused_and_nothing_else(largest,
                                                                   mount):
    daemon = mount("snapshot_memory=1G")
    path = daemon.path / "v/largest.img"
    assert path.stat().st_size == LARGEST
    for _ in range(3):
        open_error(errno.EFBIG, path)
    assert (daemon.path / "v/config.txt").read_bytes() == b"beside it"
    (line,) = daemon.final_log_lines(r"v\.img", "(?i)largest")
    assert "snapshot_memory" in line


@pytest.mark.parametrize("budget, served", (("128K", False), ("1M", True)))
def test_a_file_is_served_if_it_fits_into_the_budget(budget, served, volume,
                                                     mount):
    data = random.Random(3).randbytes(900000)
    volume.add("", b"LARGE   BIN", data)
    path = mount(f"snapshot_memory={budget}").path / "v/large.bin"
    if served:
        assert path.read_bytes() == data
    else:
        open_error(errno.EFBIG, path)


def test_files_that_together_exceed_the_budget_are_all_served(volume, mount):
    data = {f"F{index}.BIN": random.Random(index).randbytes(50000)
            for index in range(10)}
    for index, content in enumerate(data.values()):
        volume.add("", b"F%d      BIN" % index, content)
    board = mount("snapshot_memory=128K").path / "v"
    for _ in range(2):
        for name, content in data.items():
            assert (board / name).read_bytes() == content


# Dates

def seconds(*date):
    return int(datetime(*date, tzinfo=timezone.utc).timestamp())


@pytest.mark.parametrize("date, time, wanted", (
    (0x5a21, 0x6000, (2025, 1, 1, 12, 0, 0)),
    (0x0021, 0x0000, (1980, 1, 1, 0, 0, 0)),
    (0x5b9f, 0xbf7d, (2025, 12, 31, 23, 59, 58)),
    (0x585d, 0x0821, (2024, 2, 29, 1, 1, 2)),
    (0xff9f, 0xbf7d, (2107, 12, 31, 23, 59, 58))))
def test_a_date_on_the_disk_is_the_time_of_the_file(date, time, wanted,
                                                    volume, board):
    volume.add("", b"FILE    TXT", b"x", date=date, time=time)
    board = board(env={"TZ": "America/New_York"})
    assert (board / "file.txt").stat().st_mtime == seconds(*wanted)


def test_a_directory_has_its_date_too(volume, board):
    volume.add_directory("", b"SUB        ", date=0x585d, time=0x0821)
    assert (board() / "sub").stat().st_mtime == seconds(2024, 2, 29, 1, 1, 2)


def test_a_date_of_zero_is_the_first_a_fat_can_hold(volume, board):
    volume.add("", b"FILE    TXT", b"x", date=0, time=0)
    assert (board() / "file.txt").stat().st_mtime == seconds(1980, 1, 1)


def test_absurd_dates_are_tolerated(volume, board):
    absurd = [(date, time) for date in (0, 1, 0x1e0, 0x1ff, 0x5bff, 0x585e,
                                        0x5a20, 0x5a01, 0xffff, 0x8000)
              for time in (0, 0xffff, 0xf800, 0x07e0, 0x001f, 0xbf7d)]
    volume.add_slots("", b"".join(
        fatwrite.short_entry(b"D%07dTXT" % index, date=date, time=time)
        for index, (date, time) in enumerate(absurd)))
    directory = board()
    assert len(names(directory)) == len(absurd)
    for name in names(directory):
        found = (directory / name).stat().st_mtime
        assert seconds(1979, 12, 31) <= found <= seconds(2108, 1, 2), name


# Owners, modes, sizes on the disk

def modes(board):
    return [stat.S_IMODE(path.stat().st_mode)
            for path in (board, board / "sub", board / "file.txt")]


def test_files_are_0444_and_directories_0555(volume, board):
    volume.add_directory("", b"SUB        ")
    volume.add("", b"FILE    TXT", b"x", attributes=1)
    directory = board()
    assert modes(directory) == [0o555, 0o555, 0o444]
    assert stat.S_IMODE(directory.parent.stat().st_mode) == 0o555
    found = (directory / "file.txt").stat()
    assert (found.st_uid, found.st_gid) == (0, 0)


def test_the_umask_option_takes_bits_away(volume, board):
    volume.add_directory("", b"SUB        ")
    volume.add("", b"FILE    TXT", b"x")
    directory = board("umask=027")
    assert modes(directory) == [0o550, 0o550, 0o440]
    assert stat.S_IMODE(directory.parent.stat().st_mode) == 0o550


def test_the_uid_and_gid_options_give_an_owner(volume, board):
    volume.add_directory("", b"SUB        ")
    volume.add("", b"FILE    TXT", b"x")
    directory = board("uid=1234,gid=4321")
    for path in (directory.parent, directory, directory / "sub",
                 directory / "file.txt"):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


def as_nobody(call, *args):
    """Whether a call works in a process that is nobody's."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            call(*args)
            status = 0
        except PermissionError:
            status = 2
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 2), "neither done nor forbidden"
    return status == 0


def test_every_user_can_read(volume, board):
    volume.add("", b"FILE    TXT", b"x")
    path = board() / "file.txt"
    assert as_nobody(path.read_bytes)


def test_the_umask_option_is_enforced(volume, board):
    volume.add("", b"FILE    TXT", b"x")
    directory = board("umask=007,uid=1234")
    assert not as_nobody((directory / "file.txt").read_bytes)
    assert (directory / "file.txt").read_bytes() == b"x"


def test_blocks_cover_the_size(volume, board):
    for size in (0, 1, 512, 513, 5000):
        volume.add("", b"F%07dBIN" % size, b"x" * size)
    directory = board()
    for size in (0, 1, 512, 513, 5000):
        found = (directory / f"F{size:07}.BIN").stat()
        assert size <= found.st_blocks * 512 < size + 4096
        assert found.st_nlink == 1
    assert (directory / f"F{0:07}.BIN").stat().st_blocks == 0


def test_inode_numbers_stay_while_nothing_changes(volume, board):
    volume.add("", b"ONE     TXT", b"one")
    volume.add("", b"TWO     TXT", b"two")
    directory = board()
    for name in ("one.txt", "two.txt"):
        before = (directory / name).stat()
        with (directory / name).open("rb") as file:
            assert os.path.samestat(os.fstat(file.fileno()), before)
            file.read()
        assert os.path.samestat((directory / name).stat(), before)
    assert not os.path.samefile(directory / "one.txt", directory / "two.txt")


# Nothing can be written

def test_opening_for_reading_works_where_writing_is_refused(volume, board):
    volume.add("", b"FILE    TXT", b"x")
    path = board() / "file.txt"
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC,
                  os.O_WRONLY | os.O_APPEND):
        expect_error(errno.EROFS, os.open, path, flags)
    os.close(os.open(path, os.O_RDONLY))
    assert os.access(path, os.R_OK) and not os.access(path, os.W_OK)


@pytest.mark.parametrize("where", ("", "v", "v/sub"))
def test_every_change_is_refused_as_read_only(where, volume, board):
    volume.add_directory("", b"SUB        ")
    volume.add("", b"FILE    TXT", b"x")
    volume.add("SUB", b"FILE    TXT", b"x")
    root = board().parent
    directory = root / where
    file = directory / "file.txt" if where else root / "v"
    new = directory / "new"
    for call, *args in (
            (os.open, new, os.O_WRONLY | os.O_CREAT), (os.mkdir, new),
            (os.symlink, "x", new), (os.link, root / "v/file.txt", new),
            (os.mkfifo, new), (os.rename, file, new), (os.chmod, file, 0o777),
            (os.chown, file, 1, 1), (os.utime, file),
            (os.setxattr, file, "user.x", b"y")):
        expect_error(errno.EROFS, call, *args)
    if where:
        expect_error(errno.EROFS, os.unlink, file)
        expect_error(errno.EROFS, os.truncate, file, 0)
    else:
        expect_error(errno.EROFS, os.rmdir, file)
    open_error(errno.ENOENT, new)
    assert (root / "v/file.txt").read_bytes() == b"x"
