# SPDX-License-Identifier: BSD-2-Clause
"""An image that has lost its end is served as far as it goes, which is said;
and tables that are empty, or of a type that no board boots from."""

import errno
import os

import pytest

import disk
from disk import MIB, Part
from harness import run
from imagetool import UNREADABLE, UNSOUND, error_line, info, tool
from tree import expect_error, read_all

CONFIG = {"config.txt": b"arm_64bit=1\n"}


# Images that have lost their end


def cut_image(path, scheme, size):
    """p1 from 1 to 9 MiB is a FAT, p2 from 10 to 14 MiB is not."""
    made = disk.partitioned(path, scheme, [Part(8 * MIB, 12, files=CONFIG),
                                           Part(4 * MIB, None)])
    os.truncate(path, size)
    return made


@pytest.mark.parametrize("scheme", ("mbr", "gpt"))
@pytest.mark.parametrize("size, missing, says", (
    (12 * MIB, (0, 2 * MIB), ("within partition 2",)),
    (10 * MIB, (0, 4 * MIB), ("before partition 2",)),
    (4 * MIB, (5 * MIB, 4 * MIB), ("within partition 1",
                                   "before partition 2"))))
def test_what_a_cut_image_lacks_is_told(size, missing, says, scheme, work):
    made = cut_image(work / "x.img", scheme, size)
    found = info(work / "x.img", status=UNSOUND)
    assert [(part["number"], part["start"], part["size"], part["missing"])
            for part in found["partitions"]] == [
        (part.number, part.offset, part.size, lacks)
        for part, lacks in zip(made, missing)]
    assert not found["health"]["sound"]
    text = tool("info", work / "x.img", status=UNSOUND).stdout
    assert all(f"the image ends {words}, of which" in text for words in says)
    assert "sound" not in text


@pytest.mark.parametrize("scheme", ("mbr", "gpt"))
def test_an_image_cut_before_its_boot_partition_names_that(scheme, images,
                                                           mount):
    cut_image(images / "pi.img", scheme, MIB // 2)
    found = info(images / "pi.img", status=UNREADABLE)
    assert [part["number"] for part in found["partitions"]] == [1, 2]
    says = "the image ends before partition 1, which begins at byte 0x100000"
    assert says in found["error"]["reason"]
    error_line("ls", "-p2", images / "pi.img", says="before partition 2")
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "pi")
    assert len(daemon.final_log_lines(r"pi\.img", says)) == 1


@pytest.mark.parametrize("scheme, says", (
    ("mbr", "within partition 1, 5242880 bytes before"),
    ("gpt", "within partition 1, 5242880 bytes before"),
    ("none", "within its FAT volume, ")))
def test_a_cut_boot_partition_is_served_and_said_once(scheme, says, images,
                                                      mount):
    if scheme == "none":
        disk.boot_image(images / "pi.img", CONFIG, "none", fat=12, size=8 * MIB)
        os.truncate(images / "pi.img", 4 * MIB)
    else:
        cut_image(images / "pi.img", scheme, 4 * MIB)
    daemon = mount()
    for _ in range(2):
        assert read_all(daemon.path / "pi") == CONFIG
    (line,) = daemon.final_log_lines(r"pi\.img")
    assert f"byte 0x400000: the image ends {says}" in line
    assert line.endswith("; serving it")


def test_a_gpt_that_has_lost_its_backup_only_is_told(work):
    cut_image(work / "x.img", "gpt", 14 * MIB + 512)
    found = info(work / "x.img", status=UNSOUND)
    assert [part["missing"] for part in found["partitions"]] == [0, 0]
    (note,) = found["health"]["notes"]
    assert "within the disk that its GPT is for" in note["reason"]


# Tables without partitions, and of other types


@pytest.mark.parametrize("label, table", (("gpt", "gpt"), ("dos", "mbr"),
                                          ("sun", "sun"), ("sgi", "sgi")))
def test_a_table_is_called_by_its_name_even_without_partitions(label, table,
                                                               work):
    with (work / "x.img").open("wb") as file:
        file.truncate(16 * MIB)
    run("sfdisk", "-q", work / "x.img", input=f"label: {label}\n")
    found = info(work / "x.img", status=UNREADABLE)
    assert (found["table"], found["partitions"]) == (table, [])
    assert found["sector_size"] == 512
    assert f"table: {table}" in tool("info", work / "x.img",
                                     status=UNREADABLE).stdout.lower()


def test_a_partition_of_a_table_of_another_type_is_shown_but_not_used(work):
    disk.fat_volume(work / "x.img", 8 * MIB, 12, offset=8 * MIB)
    run("sfdisk", "-q", "--wipe", "never", work / "x.img",
        input="label: sun\n1 : start=16065, size=1000\n", check=False)
    if info(work / "x.img", status=UNREADABLE)["table"] != "sun":
        pytest.skip("this sfdisk makes no such table")
    found = info(work / "x.img", status=UNREADABLE)
    assert found["boot"] is None and len(found["partitions"]) == 1
    error_line("ls", work / "x.img", says="type sun, and boards boot from GPT")
