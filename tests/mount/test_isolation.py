# SPDX-License-Identifier: BSD-2-Clause
"""One board's dead storage is no other board's trouble, an image inside the
mounted tree is refused, and a whole life leaks nothing."""

import contextlib
import errno
import os
import signal
import threading
import time

import pytest

import disk
import fatwrite
from harness import PIBOOTFS, Mount, eventually, halt, is_mounted, run
from storage import Hanging
from tree import assert_good, expect_error, names, open_error, read_all

pytestmark = pytest.mark.usefixtures("good_board")
BOUND = 30          # seconds; far above any deadline used here


@pytest.fixture
def hanging(work, images):
    """The board `slow`, on storage that can hang."""
    storage = Hanging(work)
    (images / "slow.img").symlink_to(storage.path)
    yield storage
    storage.close()


def in_thread(call, *args):
    """Run call(*args) aside; returns the thread and a list of results."""
    results = []

    def work():
        try:
            results.append(call(*args))
        except OSError as error:
            results.append(error.errno)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, results


def test_an_image_on_a_network_block_device_is_served(hanging, mount):
    assert read_all(mount().path / "slow") == {"CONFIG.TXT": b"hangs",
                                               "LARGE.BIN": bytes(70000)}


@pytest.mark.parametrize("whole", (False, True), ids=("reads", "all calls"))
def test_an_image_whose_storage_hangs_in(whole, hanging, mount):
    daemon = mount("io_timeout=2")
    hanging.stop(whole)
    path = daemon.path / "slow/config.txt"
    threads = [in_thread(path.read_bytes) for _ in range(20)]
    rounds = 0
    while any(thread.is_alive() for thread, _ in threads):
        assert_good(daemon)
        assert names(daemon.path) == ["good", "slow"]
        rounds += 1
        assert rounds < 1_000_000
    assert [results for _, results in threads] == [[errno.EIO]] * 20
    assert rounds > 10
    assert daemon.wait_log(r"slow\.img|disk\.img")
    hanging.go_on()
    eventually(lambda: in_thread_value(path.read_bytes) == b"hangs",
               timeout=BOUND, what="the return of the board")


@pytest.mark.parametrize("whole", (False, True), ids=("reads", "all calls"))
def test_an_image_that_hangs_after_it_was_read(whole, hanging, mount):
    daemon = mount("io_timeout=2")
    path = daemon.path / "slow/config.txt"
    assert path.read_bytes() == b"hangs"
    hanging.stop(whole)
    # Not what was read, which is proven to be in memory once the image rests.
    thread, results = in_thread((daemon.path / "slow/large.bin").read_bytes)
    while thread.is_alive():
        assert_good(daemon)
        assert names(daemon.path) == ["good", "slow"]
    assert results == [errno.EIO]
    hanging.go_on()
    eventually(lambda: in_thread_value(path.read_bytes) == b"hangs",
               timeout=BOUND, what="the return of the board")


def in_thread_value(call):
    thread, results = in_thread(call)
    thread.join(BOUND)
    return results[0] if results else None


def test_an_answer_for_a_hanging_image_takes_its_deadline_not_longer(hanging,
                                                                     mount):
    daemon = mount("io_timeout=1")
    hanging.stop()
    begin = time.monotonic()
    open_error(errno.EIO, daemon.path / "slow/config.txt")
    open_error(errno.EIO, daemon.path / "slow/large.bin")
    assert time.monotonic() - begin < BOUND
    hanging.go_on()


def test_a_file_once_read_outlives_the_hang_of_its_image(hanging, mount):
    daemon = mount("io_timeout=1")
    with (daemon.path / "slow/large.bin").open("rb", buffering=0) as file:
        assert file.read(100000) == bytes(70000)
        hanging.stop()
        assert os.pread(file.fileno(), 100000, 0) == bytes(70000)
    hanging.go_on()


def test_sigterm_ends_it_at_once_while_an_image_hangs(hanging, mount):
    daemon = mount("io_timeout=600")
    hanging.stop()
    thread, results = in_thread((daemon.path / "slow/config.txt").read_bytes)
    assert_good(daemon)
    daemon.stop()
    thread.join(BOUND)
    assert not thread.is_alive() and results != [b"hangs"]
    hanging.go_on()


# An image inside the mounted tree

@pytest.mark.parametrize("how", ("plain", "by another link", "by a board"))
def test_an_image_inside_the_mountpoint_is_refused(how, work, images,
                                                   mountpoint, mount):
    target = mountpoint / "good/config.txt"
    if how == "by another link":
        (work / "link").symlink_to(target)
        target = work / "link"
    elif how == "by a board":
        (images / "89025d75").symlink_to("good.img")
        target = mountpoint / "89025d75/config.txt"
    (images / "inner.img").symlink_to(target)
    daemon = mount()
    for _ in range(3):
        expect_error((errno.EIO, errno.ELOOP, errno.ENOENT), os.listdir,
                     daemon.path / "inner")
    assert_good(daemon)
    assert len(daemon.final_log_lines(r"inner\.img")) == 1


def test_an_image_inside_the_mountpoint_is_refused_under_another_name_too(
        work, images, mountpoint, mount):
    (work / "bound").mkdir()
    daemon = mount()
    run("mount", "--bind", mountpoint, work / "bound")
    try:
        (images / "inner.img").symlink_to(work / "bound/good/config.txt")
        expect_error((errno.EIO, errno.ELOOP, errno.ENOENT), os.listdir,
                     daemon.path / "inner")
        assert_good(daemon)
    finally:
        run("umount", work / "bound")


def test_many_lookups_of_an_image_inside_the_mountpoint_block_nothing(
        images, mountpoint, mount):
    (images / "inner.img").symlink_to(mountpoint / "good/config.txt")
    daemon = mount()
    threads = [in_thread(os.listdir, daemon.path / "inner")
               for _ in range(40)]
    for thread, results in threads:
        thread.join(BOUND)
        assert results and results[0] in (errno.EIO, errno.ELOOP,
                                          errno.ENOENT)
    assert_good(daemon)


# What else can hang

def assert_others_go_on(daemon, waiting, least=10):
    """The board `good` is served as long as the thread waits; not in vain."""
    thread, results = waiting
    rounds = 0
    while thread.is_alive():
        assert_good(daemon)
        rounds += 1
        assert rounds < 1_000_000
    assert rounds >= least
    return results[0]


@pytest.mark.parametrize("whole", (False, True), ids=("reads", "all calls"))
@pytest.mark.parametrize("name, path", (
    ("jammy.conf", "jammy/config.txt"), ("default", "89025d75/config.txt")))
def test_a_link_to_storage_that_hangs(name, path, whole, hanging, images,
                                      mount):
    fatwrite.small_volume(images / "jammy.img", 12)
    (images / name).symlink_to(hanging.path)
    daemon = mount("io_timeout=2")
    hanging.stop(whole)
    result = assert_others_go_on(
        daemon, in_thread((daemon.path / path).read_bytes))
    assert result == errno.EIO
    assert {"good", "jammy", "slow"} <= set(names(daemon.path))
    daemon.wait_log(rf"{name[:5]}.*: storage did not answer")
    hanging.go_on()


@pytest.mark.parametrize("name, whole", (
    ("bootcode.bin", True), ("default", False), ("default", True)))
def test_bootcode_on_storage_that_hangs(name, whole, hanging, images, mount):
    """It is in the root, where the kernel asks for one name at a time: others
    wait for it once, for a second."""
    (images / name).symlink_to(hanging.path)
    daemon = mount("io_timeout=60")
    hanging.stop(whole)
    begin = time.monotonic()
    for _ in range(60):
        open_error(errno.EIO, daemon.path / "bootcode.bin")
        assert_good(daemon)
    assert time.monotonic() - begin < BOUND
    daemon.wait_log(r"bootcode\.bin: storage did not answer")
    assert "good" in names(daemon.path)
    hanging.go_on()


def test_an_entry_that_is_itself_a_mount_of_storage_that_hangs(hanging, images,
                                                               mount):
    (images / "slow.img").unlink()
    (images / "m.img").touch()
    run("mount", "--bind", hanging.path, images / "m.img")
    daemon = mount("io_timeout=2")
    assert names(daemon.path) == ["good", "m"]
    assert (daemon.path / "m/config.txt").read_bytes() == b"hangs"
    hanging.stop(True)
    threads = [in_thread((daemon.path / "m/config.txt").read_bytes)
               for _ in range(8)]
    for thread, results in threads:
        assert assert_others_go_on(daemon, (thread, results), 0) == errno.EIO
    # a mount anywhere has the image directory be looked at anew
    (images.parent / "else").mkdir()
    run("mount", "-t", "tmpfs", "else", images.parent / "else")
    assert_good(daemon)
    assert names(daemon.path) == ["good", "m"]
    assert not daemon.log_lines("image directory")
    hanging.go_on()


@pytest.mark.parametrize("name, path", (
    ("bootcode.bin", "bootcode.bin"), ("good.conf", "good/config.txt"),
    ("inner.conf", "inner/config.txt"), ("inner.img", "inner/config.txt"),
    ("default", "bootcode.bin")))
def test_a_link_into_the_mount_itself_hangs_nothing(name, path, images,
                                                    mountpoint, mount):
    fatwrite.small_volume(images / "inner.img", 12)
    fatwrite.small_volume(images / "other.img", 12).add(
        "", b"CONFIG  TXT", b"good")
    (images / name).unlink(missing_ok=True)
    (images / name).symlink_to(mountpoint / "other/config.txt")
    daemon = mount("io_timeout=60")
    begin = time.monotonic()
    thread, results = in_thread((daemon.path / path).read_bytes)
    thread.join(BOUND)
    assert results and results[0] in (errno.EIO, errno.ENOENT)
    assert time.monotonic() - begin < BOUND
    assert (daemon.path / "other/config.txt").read_bytes() == b"good"
    assert "other" in names(daemon.path)


@pytest.fixture
def outer(work):
    """A pibootfs whose tree has a directory with an image: a file system that
    can be stopped."""
    (work / "outer.images").mkdir()
    (work / "outer").mkdir()
    inner = fatwrite.small_volume(work / "inner", 12)
    inner.add("", b"CONFIG  TXT", b"good")
    disk.boot_image(work / "outer.images/host.img",
                    {"images/good.img": (work / "inner").read_bytes()})
    with Mount(work / "outer.images", work / "outer") as daemon:
        yield daemon


@contextlib.contextmanager
def stopped(process):
    """It stands still meanwhile, and goes on whatever happens."""
    try:
        halt(process)
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_an_image_directory_that_hangs(outer, mount):
    daemon = mount("io_timeout=2", images=outer.path / "host/images")
    assert_good(daemon)
    with (daemon.path / "good/config.txt").open("rb") as file, \
            stopped(outer.process):
        threads = [in_thread(call, daemon.path / name)
                   for call, name in ((os.stat, "good"), (os.listdir, ""),
                                      (os.stat, "none"), (os.listdir, "good"),
                                      (os.stat, "bootcode.bin"))
                   for _ in range(4)]
        # what needs no directory goes on all the time
        while any(thread.is_alive() for thread, _ in threads):
            os.fstat(file.fileno())
            assert os.statvfs(daemon.path)
            assert os.pread(file.fileno(), 4, 0) == b"good"
        assert [results for _, results in threads] == [[errno.EIO]] * 20
        daemon.wait_log(rf"image directory {outer.path}/host/images: "
                        "storage did not answer")
    assert not daemon.log_lines(r"pibootfs: /+:")
    eventually(lambda: in_thread_value(
        (daemon.path / "good/config.txt").read_bytes) == b"good",
        timeout=BOUND, what="the return of the board")


def test_sigterm_unmounts_at_once_while_the_image_directory_hangs(outer,
                                                                  mount):
    """The process may have to stay: its threads wait in the kernel."""
    daemon = mount("io_timeout=600", images=outer.path / "host/images")
    with stopped(outer.process):
        thread, results = in_thread(
            (daemon.path / "good/config.txt").read_bytes)
        assert os.statvfs(daemon.path)
        daemon.process.send_signal(signal.SIGTERM)
        eventually(lambda: not is_mounted(daemon.path), timeout=BOUND)
        thread.join(BOUND)
        assert not thread.is_alive() and results != [b"good"]
    daemon.stop()


# A whole life

def test_valgrind_reports_no_leak_over_a_whole_life(images, mount):
    if b"__asan_" in PIBOOTFS.read_bytes() \
            or b"__tsan_" in PIBOOTFS.read_bytes():
        pytest.skip("a sanitizer is built in; valgrind cannot run beside it")
    volume = fatwrite.small_volume(images / "v.img", 32, 400)
    volume.add_directory("", b"SUB        ")
    for index in range(20):
        volume.add("SUB", b"F%07dBIN" % index, b"x" * 997 * index,
                   long=f"file number {index}.bin")
    broken = volume.add("", b"BROKEN  BIN", b"x" * 2000)
    volume.set_entry(broken, cluster=0)
    (images / "bad.img").write_bytes(b"bad")
    daemon = mount(wrapper=("valgrind", "-q", "--leak-check=full",
                            "--errors-for-leak-kinds=definite,indirect",
                            "--error-exitcode=99", "--trace-children=yes"))
    for _ in range(2):
        assert len(read_all(daemon.path / "v/sub")) == 20
    open_error(errno.EIO, daemon.path / "v/broken.bin")
    open_error((errno.EIO, errno.ENOENT), daemon.path / "bad/config.txt")
    assert os.getxattr(daemon.path / "v", "user.pibootfs.image")
    assert os.statvfs(daemon.path)
    volume.add("SUB", b"NEW     BIN", b"new")
    assert (daemon.path / "v/sub/new.bin").read_bytes() == b"new"
    daemon.stop()
    assert not daemon.log_lines(r"==\d+==")
