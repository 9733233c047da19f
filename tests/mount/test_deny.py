# SPDX-License-Identifier: BSD-2-Clause
"""Names that the option deny keeps from everybody, however they are asked
for."""

import errno
import os

import pytest

import disk
import fatwrite
from disk import Part
from harness import MountFailed
from tree import expect_error, names

COMMON = "user-data:network-config:*.key"


@pytest.fixture
def volume(images):
    """v.img, an empty volume."""
    return fatwrite.small_volume(images / "v.img", 12, 400)


def absent(*paths):
    for path in paths:
        expect_error(errno.ENOENT, os.stat, path)
        expect_error(errno.ENOENT, os.getxattr, path,
                     "user.pibootfs.version")
        expect_error(errno.ENOENT, os.open, path, os.O_RDONLY)


def test_nothing_is_denied_without_the_option(volume, mount):
    volume.add("", b"USER-D~1   ", b"secret", long="user-data")
    board = mount().path / "v"
    assert (board / "USER-DATA").read_bytes() == b"secret"


@pytest.mark.parametrize("stored, glob, asked", (
    ("user-data", COMMON, ("user-data", "USER-DATA", "User-Data", "user-data.",
                           "user-data...", "denied~1.txt", "DENIED~1.TXT")),
    ("user-data", "denied~1*", ("user-data", "denied~1.txt")),
    ("user-data", "us?r-*a", ("user-data", "denied~1.txt")),
    ("Schlüssel Ж.KEY", "schlÜssel ж.?e?", ("Schlüssel Ж.KEY",
                                            "SCHLÜSSEL ж.key")),
    ("user-data.", "user-data", ("user-data.", "user-data")),
    ("日本.key", "??.key", ("日本.key", "日本.KEY"))))
def test_a_denied_file_is_absent_in_every_spelling(stored, glob, asked, volume,
                                                   mount):
    volume.add("", b"DENIED~1TXT", b"secret", long=stored)
    volume.add("", b"CONFIG  TXT", b"config")
    board = mount(f"deny={glob}").path / "v"
    absent(*(board / name for name in asked))
    assert names(board) == ["CONFIG.TXT"]
    assert (board / "config.txt").read_bytes() == b"config"


def test_a_short_name_alone_is_denied_in_its_code_page(volume, mount):
    volume.add("", b"B\x9dT     KEY", b"secret")
    volume.add("", b"CONFIG  TXT", b"config", nt=0x18)
    board = mount("deny=bøt.*:CONFIG.*,codepage=850").path / "v"
    absent(board / "BØT.KEY", board / "bøt.key", board / "config.txt")
    assert names(board) == []


def test_all_below_a_denied_directory_is_absent(volume, mount):
    volume.add_directory("", b"DENIED~1   ", long="my.key")
    volume.add_directory("DENIED~1", b"SUB        ")
    volume.add("DENIED~1/SUB", b"CONFIG  TXT", b"config")
    volume.add_directory("", b"SUB        ")
    volume.add("SUB", b"DENIED  KEY", b"secret")
    volume.add("SUB", b"CONFIG  TXT", b"config")
    daemon = mount("deny=*.key")
    board = daemon.path / "v"
    absent(board / "my.key", board / "my.key/sub", board / "denied~1/sub",
           board / "MY.KEY/SUB/config.txt", board / "sub/denied.key",
           board / "my.key/../sub")
    assert names(board) == ["SUB"] and names(board / "sub") == ["CONFIG.TXT"]
    assert (board / "sub/config.txt").read_bytes() == b"config"


def test_a_denied_name_is_said_once_for_each_image(volume, images, mount):
    volume.add("", b"USER-D~1   ", b"secret", long="user-data")
    (images / "w.img").write_bytes((images / "v.img").read_bytes())
    daemon = mount("deny=user-data:none")
    for name in ("user-data", "USER-DATA", "user-d~1", "none") * 2:
        absent(daemon.path / "v" / name, daemon.path / "w" / name)
    names(daemon.path / "v")
    lines = daemon.final_log_lines("denied")
    assert len(lines) == 2, lines
    assert sorted(line.split(":")[1] for line in lines) == [" v.img", " w.img"]


def test_a_name_is_denied_as_soon_as_the_disk_has_it(volume, mount):
    entry = volume.add("", b"HARMLESS   ", b"text")
    board = mount("deny=*.key").path / "v"
    assert (board / "harmless").read_bytes() == b"text"
    volume.put(entry + 8, b"KEY")
    absent(board / "harmless", board / "harmless.key")
    volume.put(entry + 8, b"TXT")
    assert (board / "harmless.txt").read_bytes() == b"text"


def test_what_is_denied_only_since_it_was_found_is_not_opened(volume, mount):
    entry = volume.add("", b"A~1     TXT", b"text", long="a.txt")
    daemon = mount("deny=denied~1*")
    fd = os.open(daemon.path / "v/a.txt", os.O_PATH)
    try:
        volume.put(entry - 32, fatwrite.long_name_slots("a.txt",
                                                        b"DENIED~1TXT"))
        volume.put(entry, b"DENIED~1TXT")
        absent(daemon.path / "v/a.txt")
        expect_error(errno.ESTALE, os.open, f"/proc/self/fd/{fd}",
                     os.O_RDONLY)
    finally:
        os.close(fd)


def test_bootcode_of_the_default_image_can_be_denied(volume, images, mount):
    volume.add("", b"BOOTCODEBIN", b"of v")
    (images / "default").symlink_to("v.img")
    daemon = mount("deny=boot*")
    absent(daemon.path / "bootcode.bin")
    assert names(daemon.path) == ["v"]
    (images / "bootcode.bin").write_bytes(b"the administrator's own")
    assert names(daemon.path) == ["bootcode.bin", "v"]
    assert (daemon.path / "bootcode.bin").exists()


@pytest.mark.parametrize("glob, served", (
    ("config.txt", False), ("tryboot.txt", False), ("autoboot.txt", True)))
def test_what_stands_in_for_tryboot_txt_can_be_denied(glob, served, images,
                                                      mount):
    disk.boot_image(images / "v.img", {"config.txt": b"config",
                                       "autoboot.txt": b"tryboot_a_b=1\n"})
    board = mount(f"deny={glob}").path / "v"
    assert os.path.exists(board / "tryboot.txt") == served


def test_what_chooses_the_partition_may_be_denied(images, mount):
    disk.partitioned(images / "v.img", "mbr", [
        Part(files={"autoboot.txt": b"boot_partition=2\n", "config.txt": b""}),
        Part(files={"config.txt": b"", "two": b"2"})])
    board = mount("deny=*.txt").path / "v"
    assert names(board) == ["two"]


def test_a_comma_in_a_pattern_is_escaped(volume, mount):
    volume.add("", b"A~1     TXT", b"secret", long="a,b.txt")
    volume.add("", b"B       TXT", b"text")
    board = mount(r"noexec,deny=a\,b*:x,uid=5").path / "v"
    absent(board / "a,b.txt")
    assert names(board) == ["B.TXT"]
    assert board.stat().st_uid == 5


@pytest.mark.parametrize("value, words", (
    ("", "empty pattern"), ("a::b", "empty pattern"), ("a/b", 'with "/"'),
    (r"a\b", "backslash"), ("x" * 1024, "more than 1023")))
def test_a_pattern_that_can_be_none_is_refused(value, words, mount):
    with pytest.raises(MountFailed, match=words):
        mount(f"deny={value}")
