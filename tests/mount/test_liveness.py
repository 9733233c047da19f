# SPDX-License-Identifier: BSD-2-Clause
"""Whatever is written into an image, the next look at the mount shows it.

Each kind of change is made three times: with mtools on the image file, and
through nbd-server and nbdkit by a real NBD client while pibootfs serves the
same image. No check here retries: the change has been written, so the very
next open, stat or listing must know it.
"""

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import disk
import harness
import servers
from disk import MIB, Fat, Part
from payload import Payload

KERNEL = Payload("kernel8.img", lambda version: 200_000 + 777 * version)
ROOT_DATA = os.urandom(4096)
EXPORT = "jammy"


@dataclass
class Board:
    """jammy.img under pibootfs, and the way a client writes to it."""
    image: Path
    disk: Path          # the file to write to: the image, or an NBD client
    boot: Fat           # the boot volume, written through `disk`
    boot_part: disk.Partition
    root_part: disk.Partition
    tree: Path          # its directory on the mount

    def write_root(self, data=ROOT_DATA):
        """The client's other partition changes; the boot one does not."""
        pwrite(self.disk, data, self.root_part.offset)


def pwrite(path, data, offset):
    fd = os.open(path, os.O_WRONLY)
    try:
        assert os.pwrite(fd, data, offset) == len(data)
    finally:
        os.close(fd)


def make_image(path, version=1):
    return disk.partitioned(path, "mbr", [
        Part(size=8 * MIB, cluster=1024, label="BOOT", files={
            "config.txt": b"kernel=kernel8.img\n",
            "kernel8.img": KERNEL.content(version),
            "overlays/a.dtbo": b"overlay a\n",
            "overlays/b.dtbo": b"overlay b\n"}),
        Part(size=4 * MIB, fat=None, type="83")])


@pytest.fixture(params=["mtools", "nbd-server", "nbdkit"])
def board(request, work, images, mount):
    """A served image, written to directly or by an NBD client."""
    image = images / "jammy.img"
    boot, root = make_image(image)
    daemon = mount()

    def made(path):
        return Board(image, path, Fat(path, boot.offset), boot, root,
                     daemon.path / "jammy")

    if request.param == "mtools":
        yield made(image)
        return
    with servers.Network() as network:
        with nbd(request.param, network, image, work) as server, \
                servers.NbdFile(network, server.uri, work) as client:
            yield made(client.path)


def nbd(kind, network, image, work):
    if kind == "nbdkit":
        return servers.Nbdkit(network, image, EXPORT)
    return servers.NbdServer(network, image, EXPORT, work)


@pytest.fixture
def jammy(images, mount):
    """The image alone, for changes made in IMAGES itself."""
    image = images / "jammy.img"
    make_image(image)
    return mount()


def kernel_version(directory):
    return KERNEL.version_of((directory / "kernel8.img").read_bytes())


# What the board writes

def test_touched_file_appears(board):
    with pytest.raises(FileNotFoundError):
        os.stat(board.tree / "foo")
    board.boot.write("foo")
    assert os.stat(board.tree / "foo").st_size == 0
    assert "foo" in os.listdir(board.tree)
    assert (board.tree / "foo").read_bytes() == b""


def test_replaced_kernel_is_served(board):
    assert kernel_version(board.tree) == 1
    board.boot.replace("kernel8.img", KERNEL.content(2))
    assert kernel_version(board.tree) == 2
    assert os.stat(board.tree / "kernel8.img").st_size == KERNEL.size_of(2)


def test_overwritten_kernel_is_served(board):
    assert kernel_version(board.tree) == 1
    board.boot.write("kernel8.img", KERNEL.content(2))
    assert kernel_version(board.tree) == 2


def test_kernel_rewritten_in_its_own_clusters_is_served(board):
    """Nothing but data changes: same entry, chain, size and time stamp."""
    same_size = Payload("kernel8.img", lambda _: KERNEL.size_of(1))
    assert kernel_version(board.tree) == 1
    before = os.stat(board.tree / "kernel8.img")
    at = board.image.read_bytes().index(KERNEL.content(1))
    pwrite(board.disk, same_size.content(2), at)
    assert same_size.version_of(
        (board.tree / "kernel8.img").read_bytes()) == 2
    assert os.stat(board.tree / "kernel8.img").st_ino != before.st_ino


def test_deleted_file_is_gone(board):
    assert (board.tree / "config.txt").exists()
    board.boot.remove("config.txt")
    with pytest.raises(FileNotFoundError):
        open(board.tree / "config.txt", "rb")
    assert "config.txt" not in os.listdir(board.tree)


def test_renamed_directory_has_the_new_name_only(board):
    assert (board.tree / "overlays/a.dtbo").read_bytes() == b"overlay a\n"
    board.boot.rename("overlays", "old-overlays")
    assert (board.tree / "old-overlays/a.dtbo").read_bytes() \
        == b"overlay a\n"
    assert not (board.tree / "overlays").exists()
    assert sorted(os.listdir(board.tree)) == ["config.txt", "kernel8.img",
                                              "old-overlays"]


def test_directories_that_trade_names_trade_content(board):
    """piboot's way: current becomes old, new becomes current."""
    for name in ("current", "new"):
        board.boot.write(f"{name}/which.txt", name.encode())
    assert (board.tree / "current/which.txt").read_bytes() == b"current"
    board.boot.rename("current", "old")
    board.boot.rename("new", "current")
    assert (board.tree / "current/which.txt").read_bytes() == b"new"
    assert (board.tree / "old/which.txt").read_bytes() == b"current"


def test_reformatted_partition_shows_its_new_content(board):
    """Another FAT type and cluster size in the same place."""
    assert kernel_version(board.tree) == 1
    fresh = disk.fat_volume(board.image.with_name("fresh"),
                            board.boot_part.size, fat=12, cluster=4096)
    fresh.write("config.txt", b"reformatted\n")
    pwrite(board.disk, fresh.path.read_bytes(), board.boot_part.offset)
    assert os.listdir(board.tree) == ["config.txt"]
    assert (board.tree / "config.txt").read_bytes() == b"reformatted\n"


def test_changed_partition_table_is_followed(board):
    """The boot partition moves to where another volume already lies."""
    at = board.root_part.offset
    second = disk.fat_volume(board.image.with_name("second"),
                             board.root_part.size, fat=16, cluster=512)
    second.write("config.txt", b"second volume\n")
    pwrite(board.disk, second.path.read_bytes(), at)
    assert kernel_version(board.tree) == 1
    harness.run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", "--wipe",
                "never", board.disk,
                input=f"label: dos\nstart={at // 512}, "
                      f"size={board.root_part.size // 512}, type=c\n")
    assert os.listdir(board.tree) == ["config.txt"]
    assert (board.tree / "config.txt").read_bytes() == b"second volume\n"


# What stays as it is

def test_open_file_keeps_its_version(board):
    """A photograph: even parts that nobody had read before the change.

    It is complete as soon as it gives out its last block.
    """
    with open(board.tree / "kernel8.img", "rb", buffering=0) as before:
        before.seek(-1, os.SEEK_END)
        before.read()
        board.boot.write("kernel8.img", KERNEL.content(2))
        assert kernel_version(board.tree) == 2
        before.seek(0)
        assert KERNEL.version_of(before.readall()) == 1


def test_change_during_the_photograph_never_mixes(board):
    """Opened, and changed before the last block was asked for."""
    for version in range(1, 6):
        with open(board.tree / "kernel8.img", "rb", buffering=0) as before:
            first = before.read(512)
            board.boot.write("kernel8.img", KERNEL.content(version + 1))
            try:
                assert KERNEL.version_of(first + before.readall()) == version
            except OSError as error:
                assert error.errno in (errno.EIO, errno.ESTALE)
        assert kernel_version(board.tree) == version + 1


def test_root_partition_writes_leave_inode_and_content(board):
    assert kernel_version(board.tree) == 1
    before = os.stat(board.tree / "kernel8.img")
    for _ in range(3):
        board.write_root()
        assert kernel_version(board.tree) == 1
        assert os.stat(board.tree / "kernel8.img") == before


def test_board_that_writes_all_the_time_is_served_all_the_time(board):
    """Its root partition, that is; the boot files stand still meanwhile."""
    stop = threading.Event()

    def write():
        while not stop.is_set():
            board.write_root(os.urandom(4096))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for _ in range(5):
                assert kernel_version(board.tree) == 1
            board.boot.write("kernel8.img", KERNEL.content(2))
            assert kernel_version(board.tree) == 2
        finally:
            stop.set()
        writing.result()


def test_rewriting_the_same_content_keeps_the_inode(board):
    """A touch: new clusters and a new time stamp, the same bytes."""
    assert kernel_version(board.tree) == 1
    inode = os.stat(board.tree / "kernel8.img").st_ino
    source = board.image.with_name("kernel")
    source.write_bytes(KERNEL.content(1))
    os.utime(source, (1e9, 1e9))
    board.boot.copy_in("kernel8.img", source)
    after = os.stat(board.tree / "kernel8.img")
    assert after.st_ino == inode
    assert after.st_mtime == 1e9
    assert kernel_version(board.tree) == 1
    assert os.stat(board.tree / "kernel8.img").st_ino == inode


def test_every_version_has_its_own_inode(board):
    inodes = []
    for version in range(2, 8):
        board.boot.write("kernel8.img", KERNEL.content(version))
        assert kernel_version(board.tree) == version
        inodes.append(os.stat(board.tree / "kernel8.img").st_ino)
    assert len(set(inodes)) == len(inodes)


# What a client does that is no mtools

@pytest.mark.parametrize("kind", ["nbd-server", "nbdkit"])
def test_nbdcopy_over_the_whole_disk_is_seen(kind, work, images, jammy):
    assert kernel_version(jammy.path / "jammy") == 1
    make_image(work / "next.img", version=2)
    with servers.Network() as network, \
            nbd(kind, network, images / "jammy.img", work) as server:
        network.run("nbdcopy", work / "next.img", server.uri)
        assert kernel_version(jammy.path / "jammy") == 2


@pytest.mark.parametrize("kind", ["nbd-server", "nbdkit"])
def test_write_by_libnbd_is_seen_before_any_flush(kind, work, images, jammy):
    image = images / "jammy.img"
    at = image.read_bytes().index(b"kernel=kernel8.img\n")
    with servers.Network() as network, nbd(kind, network, image, work):
        client = servers.nbd_client(network, EXPORT)
        for name in (b"kernelA.img", b"kernelB.img", b"kernelC.img"):
            sector = client.pread(512, at).replace(
                client.pread(19, at), b"kernel=" + name + b"\n")
            client.pwrite(bytes(sector), at)
            assert (jammy.path / "jammy/config.txt").read_bytes() \
                == b"kernel=" + name + b"\n"
        client.shutdown()


# What an administrator does in IMAGES

def test_image_swapped_by_rename_is_served(work, images, jammy):
    tree = jammy.path / "jammy"
    assert kernel_version(tree) == 1
    make_image(work / "next.img", version=2)
    os.rename(work / "next.img", images / "jammy.img")
    assert kernel_version(tree) == 2
    with open(tree / "kernel8.img", "rb", buffering=0) as open_file:
        make_image(work / "third.img", version=3)
        os.rename(work / "third.img", images / "jammy.img")
        assert kernel_version(tree) == 3
        assert KERNEL.version_of(open_file.readall()) == 2


def test_link_for_a_new_board_works_at_once(images, jammy):
    board = jammy.path / "89025d75"
    assert not board.exists()
    (images / "89025d75").symlink_to("jammy.img")
    assert "89025d75" in os.listdir(jammy.path)
    assert kernel_version(board) == 1
    assert os.stat(board / "kernel8.img").st_ino == \
        os.stat(jammy.path / "jammy/kernel8.img").st_ino


def test_repointed_link_is_followed_at_once(work, images, jammy):
    (images / "89025d75").symlink_to("jammy.img")
    board = jammy.path / "89025d75"
    assert kernel_version(board) == 1
    make_image(images / "noble.img", version=2)
    (work / "link").symlink_to("noble.img")
    os.rename(work / "link", images / "89025d75")
    assert kernel_version(board) == 2
    assert kernel_version(jammy.path / "jammy") == 1


def test_removed_link_and_image_are_gone_at_once(images, jammy):
    (images / "89025d75").symlink_to("jammy.img")
    assert kernel_version(jammy.path / "89025d75") == 1
    (images / "89025d75").unlink()
    assert not (jammy.path / "89025d75").exists()
    (images / "jammy.img").unlink()
    assert not (jammy.path / "jammy").exists()
    assert os.listdir(jammy.path) == []
