# SPDX-License-Identifier: BSD-2-Clause
"""What is in place of a raw image is named, with what to do about it."""

import bz2
import errno
import gzip
import lzma
import os
import zipfile

import pytest

import disk
from disk import MIB
from harness import run
from imagetool import UNREADABLE, error_line, info
from tree import expect_error, names, read_all

CONFIG = {"config.txt": b"arm_64bit=1\n"}
BOARD = "89025d75"
FOOTER = b"conectix".ljust(512, b"\1")


def pack_zip(path, data):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("jammy.img", data)


def pack_zstd(path, data):
    path.write_bytes(run("zstd", "-c", input=data, encoding=None,
                         errors=None).stdout)


# suffix: (how it is made of the image's bytes, what is said)
PACKED = {
    ".xz": (lambda path, data: path.write_bytes(lzma.compress(data)),
            "xz-compressed, not a raw image: unpack it"),
    ".gz": (lambda path, data: path.write_bytes(gzip.compress(data)),
            "gzip-compressed, not a raw image: unpack it"),
    ".bz2": (lambda path, data: path.write_bytes(bz2.compress(data)),
             "bzip2-compressed, not a raw image: unpack it"),
    ".zst": (pack_zstd, "zstd-compressed, not a raw image: unpack it"),
    ".zip": (pack_zip, "a zip archive, not a raw image: unpack it"),
}
HEADS = {
    "a qcow2 image": b"QFI\xfb\0\0\0\3",
    "a VHD image": FOOTER,
    "a VHDX image": b"vhdxfile" + "pibootfs".encode("utf-16-le"),
    "a VMDK image": b"KDMV\1\0\0\0",
    "a VDI image": b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(
        64, b"\0") + b"\x7f\x10\xda\xbe\1\0\1\0",
}


def assert_named(path, daemon, says):
    """By info and other commands, and once in the daemon's log."""
    assert says in info(path, status=UNREADABLE)["error"]["reason"]
    error_line("ls", path, says=says)
    for _ in range(2):
        expect_error(errno.EIO, os.listdir, daemon.path / path.stem)
    assert len(daemon.final_log_lines(path.name, says)) == 1


@pytest.mark.parametrize("size", (MIB, 16 * MIB))
@pytest.mark.parametrize("suffix", PACKED)
def test_a_compressed_image_by_the_name_of_a_raw_one_is_named(
        suffix, size, images, mount):
    pack, says = PACKED[suffix]
    pack(images / "jammy.img", bytes(size))
    assert_named(images / "jammy.img", mount(), says)


@pytest.mark.parametrize("what", HEADS)
def test_a_disk_of_a_virtual_machine_by_the_name_of_a_raw_one_is_named(
        what, images, mount):
    (images / "jammy.img").write_bytes(HEADS[what].ljust(MIB, b"\0"))
    assert_named(images / "jammy.img", mount(),
                 f"{what}, not a raw image: convert it with qemu-img convert "
                 "-O raw")


def test_a_vhd_of_fixed_size_is_served(images, mount):
    disk.boot_image(images / "jammy.img", CONFIG)
    with (images / "jammy.img").open("ab") as file:
        file.write(FOOTER)
    assert info(images / "jammy.img")["boot"]["partition"] == 1
    assert read_all(mount().path / "jammy") == CONFIG


def test_a_vhd_of_fixed_size_with_nothing_to_serve_is_named(images, mount):
    (images / "jammy.img").write_bytes(bytes(MIB) + FOOTER)
    assert_named(images / "jammy.img", mount(), "a VHD image, not a raw")


# Files by other names, in the image directory


NAMES = [*(f"jammy.img{suffix}" for suffix in PACKED), "jammy.raw.xz",
         "jammy.zip", "jammy.qcow2", "jammy.vhd", "jammy.vhdx", "jammy.vmdk"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_no_raw_image_is_said_once_when_listed(name, images,
                                                              mount):
    (images / name).write_bytes(b"?")
    daemon = mount()
    for _ in range(2):
        assert names(daemon.path) == []
    (line,) = daemon.final_log_lines("jammy")
    assert f"{name}: " in line and "not a raw image: " in line
    assert line.endswith("; not served")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_no_raw_image_is_said_once_when_asked_for(
        name, images, mount):
    (images / name).write_bytes(b"?")
    (images / BOARD).symlink_to("jammy.img")
    daemon = mount()
    for asked in ("jammy", BOARD, "jammy"):
        expect_error(errno.ENOENT, os.stat, daemon.path / asked)
    (line,) = daemon.final_log_lines("jammy|" + BOARD)
    assert f"{name}: " in line


def test_a_file_beside_its_unpacked_image_is_not_spoken_of(images, mount):
    (images / "jammy.img.xz").write_bytes(b"?")
    disk.boot_image(images / "jammy.img", CONFIG)
    for name in ("notes.txt.gz", ".hidden.img.xz", "backup.tar.xz"):
        (images / name).write_bytes(b"?")
    (images / "directory.img.xz").mkdir()
    daemon = mount()
    assert names(daemon.path) == ["jammy"]
    for name in ("notes.txt", "directory", "backup", ".hidden"):
        expect_error(errno.ENOENT, os.stat, daemon.path / name)
    assert not daemon.final_log_lines("not served")
