# SPDX-License-Identifier: BSD-2-Clause
"""The image directory is a path: whatever it leads to at the next lookup is
served. Settings hold through whatever kind of link a board leads to them."""

import errno
import os

import pytest

import disk
import fatwrite
from disk import MIB, Part
from harness import eventually, run
from tree import assert_good, expect_error, names

SERIAL = "89025d75"


@pytest.fixture
def make(work):
    """Makes a directory of images with one board, that has this file."""
    def make(name, board, text):
        directory = work / name
        directory.mkdir()
        fatwrite.small_volume(directory / f"{board}.img", 12).add(
            "", b"CONFIG  TXT", text)
        return directory
    return make


def move_in(new, images):
    images.rename(images.with_name("old"))
    new.rename(images)


def link_in(new, images):
    images.rename(images.with_name("old"))
    images.symlink_to(new)


def mount_over(new, images):
    run("mount", "--bind", new, images)


def mount_empty_over(new, images):
    run("mount", "-t", "tmpfs", "images", images)
    run("cp", "-r", f"{new}/.", images)


@pytest.mark.parametrize("take_place", (move_in, link_in, mount_over,
                                        mount_empty_over))
def test_another_directory_is_followed_that_was(take_place, work, make,
                                                mount):
    images, new = make("served", "one", b"first"), make("new", "two", b"next")
    daemon = mount(images=images)
    assert names(daemon.path) == ["one"]
    take_place(new, images)
    assert (daemon.path / "two/config.txt").read_bytes() == b"next"
    assert names(daemon.path) == ["two"]
    expect_error(errno.ENOENT, os.stat, daemon.path / "one")


def test_a_link_that_is_made_anew_is_followed(work, make, mount):
    old, new = make("old", "one", b"first"), make("new", "one", b"next")
    link = work / "link"
    link.symlink_to(old)
    daemon = mount(images=link)
    path = daemon.path / "one/config.txt"
    assert path.read_bytes() == b"first"
    (work / "link.new").symlink_to(new)
    (work / "link.new").rename(link)
    assert path.read_bytes() == b"next"


def test_what_a_mount_had_covered_is_served_after_it(work, make, mount):
    images, new = make("served", "one", b"first"), make("new", "two", b"next")
    run("mount", "--bind", new, images)
    daemon = mount(images=images)
    assert names(daemon.path) == ["two"]
    run("umount", "-l", images)
    assert names(daemon.path) == ["one"]
    assert (daemon.path / "one/config.txt").read_bytes() == b"first"


def test_a_directory_that_is_gone_is_an_error_and_comes_back(work, make,
                                                             mount):
    images = make("served", "one", b"first")
    daemon = mount(images=images)
    for outage in (1, 2):
        images.rename(work / "away")
        expect_error(errno.EIO, os.stat, daemon.path / "one")
        expect_error(errno.EIO, os.listdir, daemon.path)
        eventually(lambda: len(daemon.log_lines(
            f"image directory {images}: is not there")) == outage)
        (work / "away").rename(images)
        assert (daemon.path / "one/config.txt").read_bytes() == b"first"
        assert names(daemon.path) == ["one"]


@pytest.mark.parametrize("below", ("", "one", "none"))
def test_a_directory_that_comes_to_lie_in_the_mount_is_not_followed(
        below, work, make, mount):
    old = make("old", "one", b"first")
    link = work / "link"
    link.symlink_to(old)
    daemon = mount("io_timeout=60", images=link)
    link.unlink()
    link.symlink_to(daemon.path / below)
    assert (daemon.path / "one/config.txt").read_bytes() == b"first"
    assert names(daemon.path) == ["one"]
    daemon.wait_log("leads into the mount point")


# Settings

@pytest.mark.parametrize("through", (
    "jammy.img", "./jammy.img", "{images}/jammy.img", "../served/jammy.img",
    "{link}/jammy.img", "../link/../served/jammy.img", "{outside}/board",
    "{bound}/jammy.img"))
def test_settings_hold_through_a_link_to(through, work, mount):
    images, link = work / "served", work / "link"
    images.mkdir()
    link.symlink_to("served")
    (work / "outside").mkdir()
    (work / "outside/board").symlink_to("../link/jammy.img")
    (work / "bound").mkdir()
    run("mount", "--bind", images, work / "bound")
    disk.partitioned(images / "jammy.img", "mbr", [
        Part(size=4 * MIB, fat=12, files={"config.txt": b"first"}),
        Part(size=4 * MIB, fat=12, files={"config.txt": b"second"})])
    (images / SERIAL).symlink_to(through.format(
        images=images, link=link, outside=work / "outside",
        bound=work / "bound"))
    path = mount(images=link).path / SERIAL / "config.txt"
    assert path.read_bytes() == b"first"
    (images / "jammy.conf").write_text("[image]\npartition = 2\n")
    assert path.read_bytes() == b"second"
    run("umount", work / "bound")


def test_settings_may_lie_elsewhere(work, images, mount, good_board):
    (work / "settings").write_text("[image]\npartition = 9\n")
    (images / "good.conf").symlink_to(work / "settings")
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "good")
    (work / "settings").write_text("")
    assert_good(daemon)
