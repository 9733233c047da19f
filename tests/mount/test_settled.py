# SPDX-License-Identifier: BSD-2-Clause
"""An image at rest is not read again, and yet nothing about it goes stale.

Once an image has been at rest for some seconds, its time stamps vouch for it
and pibootfs may answer from what it knows. Here everything is at rest and has
been read; then something changes that is not the image's own content, or that
touches it in an unusual way.
"""

import os
import time

import disk
import harness
import pytest
from disk import MIB, Part
from payload import Payload

# From this age on DESIGN calls a change of the image's stamp settled.
SETTLED_SECONDS = 2

KERNEL = Payload("kernel8.img", lambda _: 100_000)


def make_image(path, *versions):
    """An image with one boot partition for each version of the kernel."""
    disk.partitioned(path, "mbr", [
        Part(size=4 * MIB, fat=12, files={
            "config.txt": b"# empty\n",
            "kernel8.img": KERNEL.content(version)}) for version in versions])
    return path


def look(tree, board):
    return KERNEL.version_of((tree / board / "kernel8.img").read_bytes())


class Scene:
    """Images 1 and 2 in a store outside IMAGES, with ways to reach them."""

    def __init__(self, work, images):
        self.work = work
        self.images = images
        for name, versions in (("one", (1, 2)), ("two", (2, 1))):
            (work / name).mkdir()
            make_image(work / name / "disk.img", *versions)
        self.point(work / "current", "one")
        self.point(images / "by-link", "../one/disk.img")
        self.point(images / "by-directory", "../current/disk.img")
        self.point(images / "conf", "../one/disk.img")
        make_image(images / "shadowed.img", 1)
        make_image(images / "plain.img", 1)

    def point(self, link, target):
        """Make or re-point a link, in one step."""
        (self.work / "link").symlink_to(target)
        os.rename(self.work / "link", link)

    def age(self):
        files = [*self.images.iterdir(), *self.work.glob("*/disk.img")]
        return time.time() - max(file.stat().st_ctime for file in files)

    # Changes; each says which board now has version 2

    def link(self):
        self.point(self.images / "by-link", "../two/disk.img")
        return "by-link"

    def directory_in_the_path(self):
        self.point(self.work / "current", "two")
        return "by-directory"

    def name_that_goes_before(self):
        self.point(self.images / "shadowed", "../two/disk.img")
        return "shadowed"

    def settings(self):
        (self.images / "conf.conf").write_text("[image]\npartition = 2\n")
        return "conf"

    def image_of_the_same_age(self):
        """A replacement with the time stamps of what it replaces."""
        new = make_image(self.work / "new.img", 2)
        old = (self.images / "plain.img").stat()
        os.utime(new, ns=(old.st_atime_ns, old.st_mtime_ns))
        os.rename(new, self.images / "plain.img")
        return "plain"


@pytest.fixture
def settled(work, images, mount):
    """A scene at rest that has been read, twice, and its tree."""
    scene = Scene(work, images)
    tree = mount().path
    harness.eventually(lambda: scene.age() > SETTLED_SECONDS + 0.5)
    for _ in range(2):
        for board in os.listdir(tree):
            assert look(tree, board) == 1
    return scene, tree


CHANGES = (Scene.link, Scene.directory_in_the_path,
           Scene.name_that_goes_before, Scene.settings,
           Scene.image_of_the_same_age)


def test_change_around_an_image_at_rest_is_seen(settled):
    scene, tree = settled
    for change in CHANGES:
        board = change(scene)
        assert look(tree, board) == 2, change.__name__


def test_change_back_is_seen_too(settled):
    """What is at rest now was at rest before, under another name."""
    scene, tree = settled
    for target, version in (("two", 2), ("one", 1)) * 3:
        scene.point(scene.images / "by-link", f"../{target}/disk.img")
        assert look(tree, "by-link") == version


def test_trimmed_blocks_are_seen_as_zeros(settled):
    """fstrim on the client: nbd-server punches a hole."""
    scene, tree = settled
    image = scene.images / "plain.img"
    at = image.read_bytes().index(KERNEL.content(1))
    before = os.stat(tree / "plain/kernel8.img").st_ino
    harness.run("fallocate", "--punch-hole", "--offset", at, "--length",
                4096, image)
    data = (tree / "plain/kernel8.img").read_bytes()
    assert data == bytes(4096) + KERNEL.content(1)[4096:]
    assert os.stat(tree / "plain/kernel8.img").st_ino != before


def test_an_image_at_rest_keeps_its_inodes(settled):
    _, tree = settled
    before = os.stat(tree / "plain/kernel8.img")
    for _ in range(100):
        assert look(tree, "plain") == 1
        assert os.stat(tree / "plain/kernel8.img") == before
