# SPDX-License-Identifier: BSD-2-Clause
"""Storage that fails for a moment: a READ that failed is the last word of its
inode, and the next open has another one."""

import errno
import mmap
import os

import pytest

import disk
from payload import Payload
from storage import Failing
from tree import assert_good, expect_error, open_error

pytestmark = pytest.mark.usefixtures("good_board")

LARGE = Payload("large.bin", lambda version: 1 << 20)
PAGE = mmap.PAGESIZE


@pytest.fixture
def failing(work, images):
    """The board `weak`, on storage that can fail."""
    disk.boot_image(work / "backing", {
        "large.bin": LARGE.content(1), "other.bin": os.urandom(1 << 20),
        "small.bin": b"small"})
    storage = Failing(work, work / "backing")
    (images / "weak.img").symlink_to(storage.path)
    yield storage
    storage.close()


def open_unread(path):
    """A descriptor whose reads are not extended by the kernel."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
    return descriptor


def release_content(daemon):
    """There is room for one of the two, so that the first must be read again
    when somebody asks for what the kernel does not hold."""
    (daemon.path / "weak/other.bin").read_bytes()


def test_a_read_that_failed_is_the_last_word_of_its_inode(failing, mount):
    daemon = mount("snapshot_memory=1600K")
    path = daemon.path / "weak/large.bin"
    descriptor = open_unread(path)
    assert os.pread(descriptor, PAGE, 0) == LARGE.content(1)[:PAGE]
    # sealed: the last byte was given out
    assert os.pread(descriptor, PAGE, (1 << 20) - PAGE) == \
        LARGE.content(1)[-PAGE:]
    release_content(daemon)
    with failing.fails():
        expect_error(errno.EIO, os.pread, descriptor, PAGE, 64 * PAGE)
    for page in range(65, 200, 7):
        expect_error(errno.EIO, os.pread, descriptor, PAGE, page * PAGE)
    expect_error(errno.EIO, os.pread, descriptor, PAGE, 64 * PAGE)
    again = os.open(path, os.O_RDONLY)
    assert os.fstat(again).st_ino != os.fstat(descriptor).st_ino
    assert path.read_bytes() == LARGE.content(1)
    expect_error(errno.EIO, os.pread, descriptor, PAGE, 201 * PAGE)
    os.close(again)
    os.close(descriptor)
    assert_good(daemon)


def test_an_open_that_failed_can_be_tried_again(failing, mount):
    daemon = mount()
    path = daemon.path / "weak/small.bin"
    inode = path.stat().st_ino
    with failing.fails():
        open_error(errno.EIO, path)
    assert path.read_bytes() == b"small"
    assert path.stat().st_ino == inode
