# SPDX-License-Identifier: BSD-2-Clause
"""--size: a larger disk, as a larger SD card; partitions stay as they are."""

import struct

import pytest

import table
from disk import MIB
from harness import run
from prep_fixture import work  # noqa: F401
from prep_samples import packed, place, sample, small
from preptool import (NBD, USAGE, boot_files, cmdline, digest, mbr_partitions,
                      prep, refused, state)

MIB_200 = 200 * MIB


@pytest.fixture
def image(images):
    place("jammy", images / "jammy.img")
    return images / "jammy.img"


@pytest.fixture
def slots(images):
    place("slots", images / "slots.img")
    return images / "slots.img"


def size_of(image):
    return image.stat().st_size


@pytest.mark.parametrize("size, wanted", (
    ("209715200", MIB_200), ("204800K", MIB_200), ("200M", MIB_200),
    ("1G", 1 << 30), ("2T", 2 << 40), ("200MB", 200_000_000),
    ("300000KB", 300_000_256), ("1GB", 10**9), ("200m", MIB_200)))
def test_a_size_is_in_bytes_or_with_a_unit(size, wanted, image):
    """A disk has whole sectors."""
    prep("--size", size, image)
    assert size_of(image) == wanted


@pytest.mark.parametrize("size", ("", "0", "-1", "8X", "G", "1.5.2G", "8 G x",
                                  "99999999T", "0x100000"))
def test_what_is_no_size_is_a_wrong_command_line(size, image):
    before = state(image)
    refused(f"--size={size}", image, says="(?i)size", status=USAGE)
    assert state(image) == before


def test_the_disk_gets_a_hole_at_its_end_and_nothing_else(image):
    before = image.read_bytes()
    run("sync", image)
    used = image.stat().st_blocks
    prep("--size", "200M", image)
    after = image.read_bytes()
    assert after[:len(before)] == before
    assert after[len(before):] == bytes(MIB_200 - len(before))
    assert image.stat().st_blocks == used


@pytest.mark.parametrize("size", ("1M", "79M"))
def test_nothing_is_ever_made_smaller(size, image):
    before = state(image)
    prep("--size", size, image)
    assert state(image) == before


def test_a_second_run_finds_it_large_enough(slots):
    prep("--size", "200M", slots)
    before = state(slots)
    prep("--size", "200M", slots)
    assert state(slots) == before


def test_a_new_image_is_made_larger(images):
    prep("--size", "200M", packed("jammy", ".zst"), images)
    assert size_of(images / "jammy.img") == MIB_200
    assert mbr_partitions(images / "jammy.img") == \
        mbr_partitions(sample("jammy")[0])


def test_a_new_image_that_is_larger_stays_so(images):
    prep("--size", "1M", packed("jammy", ".zst"), images)
    assert digest(images / "jammy.img") == digest(sample("jammy")[0])


def test_it_is_done_together_with_the_boot_partition(slots):
    prep(*NBD, "--size", "200M", slots)
    assert size_of(slots) == MIB_200
    assert b"nbdroot=" in cmdline(slots, number=2)
    assert "No problems found" in run("sgdisk", "-v", slots).stdout


# GPT


def entries(image, header_at):
    """(header fields, entry table) of a GPT header."""
    header = table.get(image, header_at, 92)
    assert header[:8] == b"EFI PART"
    (at,) = struct.unpack_from("<Q", header, 72)
    return header, table.get(image, at * 512, 128 * 128)


def partitions(image):
    """What sfdisk tells of all partitions."""
    return [line for line in run("sfdisk", "-d", image).stdout.splitlines()
            if str(image) in line and "start=" in line]


def test_the_backup_of_a_gpt_moves_to_the_new_end(slots):
    before = partitions(slots)
    _, entries_before = entries(slots, 512)
    files = boot_files(slots, 2)
    prep("--size", "200M", slots)
    assert "No problems found" in run("sgdisk", "-v", slots).stdout
    first, first_entries = entries(slots, 512)
    second, second_entries = entries(slots, MIB_200 - 512)
    assert first_entries == second_entries == entries_before
    assert struct.unpack_from("<QQ", first, 24) == (1, MIB_200 // 512 - 1)
    assert struct.unpack_from("<QQ", second, 24) == (MIB_200 // 512 - 1, 1)
    last_usable, = struct.unpack_from("<Q", first, 48)
    assert last_usable == MIB_200 // 512 - 34
    assert first[56:72] == second[56:72]        # the disk's GUID
    assert partitions(slots) == before
    assert boot_files(slots, 2) == files


def test_a_partition_can_then_be_added_in_the_new_space(slots):
    """As growpart or a person does on the board."""
    prep("--size", "200M", slots)
    run("sgdisk", "-n", "7:0:0", slots)
    assert "No problems found" in run("sgdisk", "-v", slots).stdout


def test_the_protective_mbr_covers_the_new_disk(slots):
    prep("--size", "200M", slots)
    kind, sectors = mbr_partitions(slots)[0][2], mbr_partitions(slots)[0][5]
    assert (kind, sectors) == (0xee, MIB_200 // 512 - 1)


def test_a_damaged_gpt_is_refused_as_it_is(slots):
    table.put(slots, 1024 + 56, b"damaged")      # in the entries
    before = state(slots.parent)
    refused("--size", "200M", slots, says="GPT")
    assert state(slots.parent) == before


def test_an_mbr_stays_byte_for_byte(images):
    small(images / "jammy.img")
    before = table.get(images / "jammy.img", 0, 512)
    prep("--size", "200M", images / "jammy.img")
    assert table.get(images / "jammy.img", 0, 512) == before
