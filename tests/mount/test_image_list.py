# SPDX-License-Identifier: BSD-2-Clause
"""pibootfs-image ls: names, sizes and times as mtools and an independent reader
have them."""

import random
import re
import struct

import pytest

import disk
import fatwrite
from fatwrite import long_name_slots, short_entry
from harness import run
from imagetool import (FILES, content, filled, listing, masked, mtools_image,
                       on_terminal, tool)
from tree import read_all


@pytest.fixture(params=(12, 16, 32))
def fat(request, work):
    return mtools_image(work / "v.img", request.param)


def test_directories_are_listed_as_by_mtools(fat):
    found = listing(fat.path)
    assert set(found) == {"", "overlays", "overlays/deep",
                          "overlays/deep/er"}
    for directory, names in found.items():
        assert [name.rstrip("/") for name in names] == fat.list(directory)
        assert tool("ls", fat.path, directory).stdout.splitlines() == names
    assert "overlays/" in found[""] and "config.txt" in found[""]


def test_sizes_and_times_are_those_of_mtools(fat):
    lines = tool("ls", "-l", fat.path).stdout.splitlines()
    assert len(lines) == 7
    shown = run("mdir", "-i", f"{fat.path}@@{fat.offset}", "::/",
                env=disk.ENVIRONMENT).stdout
    for line in lines:
        size, date, clock, name = re.fullmatch(
            r" *(-|\d+) (\S+) (\d\d:\d\d):\d\d (.*)", line).groups()
        if not name.endswith("/"):
            assert int(size) == len(FILES[name])
        assert f"{date}" in shown and clock.lstrip("0") in shown


def test_a_table_has_whole_seconds_and_no_headings(work):
    volume = filled(work / "v.img")
    assert tool("ls", "-lR", volume.path).stdout == (
        "/:\n"
        "6 2025-01-01 12:00:00 CONFIG.TXT\n"
        "- 2025-01-01 12:00:00 SUB/\n"
        "\n/SUB:\n"
        "3000 2025-01-01 12:00:00 FILE.BIN\n")


def test_an_empty_directory_lists_nothing(work):
    volume = fatwrite.small_volume(work / "v.img", 32)
    assert tool("ls", volume.path).stdout == ""
    assert tool("ls", "-l", volume.path).stdout == ""
    assert tool("ls", "-lR", volume.path).stdout == "/:\n"


def test_a_file_is_listed_by_its_stored_path(work):
    volume = filled(work / "v.img")
    assert tool("ls", volume.path, "/sub/file.bin").stdout == "SUB/FILE.BIN\n"


def test_foreign_names_are_listed_as_an_independent_reader_has_them(work):
    volume = fatwrite.small_volume(work / "v.img", 32, clusters=600)
    rng = random.Random(4)
    for number in range(60):
        name = "".join(chr(rng.choice((rng.randrange(0x21, 0x7f),
                                       rng.randrange(0xa1, 0x2000),
                                       rng.randrange(0x10000, 0x10ffff))))
                       for _ in range(rng.randrange(1, 40)))
        volume.add("", f"N{number:07d}BIN".encode(), b"x",
                   long=name.replace("/", "_"))
    volume.add("", b"\x05\x84\x94\x81    \x8e\x99\x9a", b"x")
    names = tool("ls", volume.path).stdout.splitlines()
    assert sorted(names) == sorted(masked(entry.name)
                                    for entry in volume.entries())


@pytest.mark.parametrize("locale", ("C", "C.UTF-8", "POSIX", "nowhere"))
def test_every_character_can_be_in_a_table(locale, work):
    """libsmartcols hangs when it meets what the locale does not know."""
    volume = fatwrite.small_volume(work / "v.img", 32, clusters=30,
                                   cluster=32768)
    units = [unit for unit in range(1, 0x10000) if unit != ord("/")]
    slots = b""
    for number in range(0, len(units), 80):
        part = units[number:number + 80]
        short = f"N{number:07d}BIN".encode()
        slots += long_name_slots(struct.pack(f"<{len(part)}H", *part), short)
        slots += short_entry(short)
    volume.add_slots("", slots)
    result = tool("ls", "-l", volume.path, timeout=20, encoding=None,
                  errors=None, env={"LC_ALL": locale})
    shown = result.stdout.decode()
    for entry in volume.entries():
        assert f" {masked(entry.name)}\n" in shown, entry.name


def test_the_code_page_of_short_names_can_be_chosen(work):
    volume = fatwrite.small_volume(work / "v.img", 32)
    volume.add("", b"\x9b       TXT", b"x")
    assert tool("ls", volume.path).stdout == "¢.TXT\n"
    assert tool("ls", "--codepage=850", volume.path).stdout == "ø.TXT\n"
    (work / "v.conf").write_text("[image]\ncodepage = 850\n")
    assert tool("ls", volume.path).stdout == "ø.TXT\n"
    assert tool("ls", "--codepage=437", volume.path).stdout == "¢.TXT\n"


def test_of_equal_names_the_first_counts(work):
    volume = fatwrite.small_volume(work / "v.img", 32)
    volume.add("", b"TWICE   TXT", b"first")
    volume.add("", b"TWICE   TXT", b"second")
    assert tool("ls", volume.path).stdout == "TWICE.TXT\n"
    assert content(volume.path, "twice.txt") == b"first"
    tool("cp", volume.path, "/", work / "out")
    assert read_all(work / "out") == {"TWICE.TXT": b"first"}


def test_names_are_masked_with_and_without_a_terminal(work):
    volume = fatwrite.small_volume(work / "v.img", 32)
    volume.add("", b"EVIL    BIN", b"x", long="a\x1b[31m.bin")
    assert tool("ls", volume.path).stdout == "a?[31m.bin\n"
    assert on_terminal("ls", volume.path) == "a?[31m.bin\r\n"
