# SPDX-License-Identifier: BSD-2-Clause
"""No space left: for a new image, the undo file, the copy of the boot
partition, a configuration.  All is as before then."""

import os

import pytest

from disk import MIB
from harness import run
from prep_fixture import work  # noqa: F401
from prep_samples import jammy_files, packed, small
from preptool import (NBD, cmdline, names, prep, refused,
                      state)


@pytest.fixture
def tmpfs(work):
    """Makes small file systems."""
    def make(name, size):
        directory = work / name
        directory.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs",
            directory)
        return directory
    return make


def fill(directory, leave=0):
    """Write until no space is left, but for `leave` bytes."""
    with (directory / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
        if leave:
            file.truncate(os.fstat(file.fileno()).st_size - leave)


def test_a_new_image_that_does_not_fit_is_not_there(tmpfs):
    images = tmpfs("small", MIB)
    refused(*NBD, "--serial", "89025d75", packed("jammy", ".zst"), images,
            says="(?i)no space|room|larger")
    assert not names(images)
    assert run("df", "--output=used", images).stdout.split()[1] == "0"


def test_a_new_image_that_fits_is_there(tmpfs):
    """Its holes take no space."""
    images = tmpfs("small", 96 * MIB)
    fill(images, 8 * MIB)
    prep(*NBD, "--size", "1G", packed("jammy", ".zst"), images)
    assert names(images) == ["filler", "jammy.img"]


def test_a_new_image_that_fills_the_disk_is_not_there(tmpfs, work):
    images = tmpfs("small", 96 * MIB)
    fill(images, MIB // 16)
    refused(*NBD, "--serial", "89025d75", "--nbd-conf", work / "nbd.conf",
            packed("jammy", ".zst"), images, says="(?i)no space|room")
    assert names(images) == ["filler"]
    assert not (work / "nbd.conf").exists()


def test_an_image_on_a_full_disk_stays_as_it_is(tmpfs, work):
    images = tmpfs("small", 16 * MIB)
    small(images / "jammy.img")
    (work / "nbd.conf").write_text("# mine\n")
    fill(images)
    before = state(images, work / "nbd.conf", times=False)
    refused(*NBD, "--serial", "89025d75", "--nbd-conf", work / "nbd.conf",
            images / "jammy.img", says="(?i)no space|room")
    assert state(images, work / "nbd.conf", times=False) == before


@pytest.mark.parametrize("leave", (4096, 16384, 65536, 262144))
def test_an_image_on_an_almost_full_disk_is_as_before_or_as_wanted(
        leave, tmpfs, work):
    images = tmpfs("small", 16 * MIB)
    image = images / "jammy.img"
    small(image)
    (work / "new.bin").write_bytes(os.urandom(200_000))
    fill(images, leave)
    before = state(images, times=False)
    result = prep(*NBD, "--copy", work / "new.bin", image, status=(0, 2))
    if result.returncode == 0:
        assert b"nbdroot=" in cmdline(image)
        assert names(images) == ["filler", "jammy.img"]
    else:
        assert state(images, times=False) == before


def test_no_room_for_the_copy_of_the_boot_partition_is_said(tmpfs, images,
                                                            monkeypatch):
    place = tmpfs("small", 4 * 4096)
    monkeypatch.setenv("TMPDIR", str(place))
    small(images / "jammy.img")
    before = state(images)
    refused(*NBD, images / "jammy.img", says="TMPDIR")
    assert state(images) == before
    assert not names(place)


def test_room_that_ends_while_files_are_copied_is_said(tmpfs, images, work,
                                                       monkeypatch):
    """The boot partition has room for the file, TMPDIR has not."""
    place = tmpfs("small", 2 * MIB)
    monkeypatch.setenv("TMPDIR", str(place))
    small(images / "jammy.img")
    (work / "new.bin").write_bytes(os.urandom(3 * MIB))
    before = state(images)
    refused(*NBD, "--copy", work / "new.bin", images / "jammy.img",
            says="(?i)no space|TMPDIR|room|full")
    assert state(images) == before


@pytest.mark.parametrize("option", ("--nbd-conf", "--dnsmasq-conf"))
def test_a_configuration_on_a_full_disk_stays_as_it_is(option, tmpfs, images):
    confs = tmpfs("confs", 64 * 1024)
    (confs / "my.conf").write_text("# mine\n")
    small(images / "jammy.img")
    fill(confs)
    before = state(images, confs)
    refused(*NBD, option, confs / "my.conf", images / "jammy.img",
            says="my.conf")
    assert state(images, confs) == before


def test_a_limit_on_file_sizes_is_like_a_full_disk(images):
    """The kernel would send SIGXFSZ."""
    result = refused(packed("jammy", ".zst"), images, says="jammy",
                     wrapper=("prlimit", f"--fsize={MIB}"))
    assert result and not names(images)


def test_an_image_whose_blocks_are_all_there_needs_little(tmpfs):
    """An edit in place needs room for what it changes, not for the image."""
    images = tmpfs("small", 17 * MIB)
    image = images / "jammy.img"
    small(image, jammy_files())
    with image.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, 16 * MIB)
    prep(*NBD, image)
    assert b"nbdroot=" in cmdline(image)
