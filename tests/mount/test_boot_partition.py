# SPDX-License-Identifier: BSD-2-Clause
"""Which partition a board boots from: by the Pi's rules, or by order."""

import errno
import os

import pytest

import disk
from disk import MIB, Part
from harness import MountFailed
from tree import expect_error, names

ONE, TWO, THREE = ({"one.txt": b"1"}, {"two.txt": b"2"}, {"three.txt": b"3"})


def make(images, *parts, scheme="mbr", name="pi.img"):
    return disk.partitioned(images / name, scheme,
                            [part if isinstance(part, Part)
                             else Part(files=part) for part in parts])


@pytest.mark.parametrize("file", ("config.txt", "start4.elf", "start.elf",
                                  "bootcode.bin"))
def test_a_partition_with_this_file_goes_before_an_earlier_one_without(
        file, images, mount):
    make(images, ONE, {file: b"x"}, THREE)
    assert names(mount().path / "pi") == [file]


def test_of_two_bootable_partitions_the_first_is_chosen(images, mount):
    make(images, ONE, {"config.txt": b"", **TWO}, {"start4.elf": b"x"})
    assert names(mount().path / "pi") == ["config.txt", "two.txt"]


def test_without_any_boot_file_the_first_fat_is_chosen(images, mount):
    make(images, Part(fat=None), ONE, TWO)
    assert names(mount().path / "pi") == ["one.txt"]


def test_a_partition_counts_by_its_content_not_its_type(images, mount):
    make(images, Part(fat=None, type="c"), Part(type="83", files=ONE))
    assert names(mount().path / "pi") == ["one.txt"]


def test_a_disk_without_a_fat_costs_that_board_only(images, mount):
    make(images, ONE, name="good.img")
    make(images, Part(fat=None), Part(fat=None))
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "pi")
    assert names(daemon.path / "good") == ["one.txt"]
    assert len(daemon.final_log_lines(r"pi\.img")) == 1


@pytest.mark.parametrize("text", (
    "[all]\nboot_partition=3\n",
    "boot_partition=3\n",
    "# comment\r\n[all]\r\ntryboot_a_b=1\r\nboot_partition=3\r\n"
    "[tryboot]\r\nboot_partition=2\r\n"))
def test_autoboot_chooses_the_partition(text, images, mount):
    make(images, {"autoboot.txt": text.encode(), "config.txt": b""}, TWO,
         THREE)
    assert names(mount().path / "pi") == ["three.txt"]


@pytest.mark.parametrize("text", (
    "[tryboot]\nboot_partition=3\n", "[all]\nboot_partition=9\n",
    "[all]\nboot_partition=2\n", "[all]\nboot_partition=0\n",
    "[all]\nboot_partition=\n", "[all]\n", "",
    "[all]\nboot_partition=" + "9" * 400 + "\n"))
def test_autoboot_that_names_no_fat_for_every_boot_chooses_nothing(
        text, images, mount):
    make(images, {"autoboot.txt": text.encode(), "config.txt": b""},
         Part(fat=None), THREE)
    assert names(mount().path / "pi") == ["autoboot.txt", "config.txt"]


def test_autoboot_counts_in_the_first_fat_only(images, mount):
    make(images, ONE, {"autoboot.txt": b"[all]\nboot_partition=3\n",
                       "config.txt": b""}, THREE)
    assert names(mount().path / "pi") == ["autoboot.txt", "config.txt"]


def test_autoboot_is_read_live(images, mount):
    made = make(images, {"config.txt": b""}, TWO)
    daemon = mount()
    assert names(daemon.path / "pi") == ["config.txt"]
    made[0].volume.write("autoboot.txt", b"[all]\nboot_partition=2\n")
    assert names(daemon.path / "pi") == ["two.txt"]


@pytest.mark.parametrize("scheme, number", (("mbr", 2), ("gpt", 2),
                                            ("mbr-logical", 6)))
def test_the_option_chooses_a_partition_for_all_images(scheme, number, images,
                                                       mount):
    parts = {"config.txt": b""}, TWO, THREE
    make(images, *parts, scheme=scheme)
    make(images, *parts, scheme=scheme, name="other.img")
    daemon = mount(f"partition={number}")
    assert names(daemon.path / "pi") == ["two.txt"]
    assert names(daemon.path / "other") == ["two.txt"]


def test_the_option_overrides_autoboot(images, mount):
    make(images, {"autoboot.txt": b"[all]\nboot_partition=3\n"}, TWO, THREE)
    assert names(mount("partition=2").path / "pi") == ["two.txt"]


def test_a_chosen_partition_that_does_not_exist_costs_that_board(images,
                                                                 mount):
    make(images, ONE)
    make(images, ONE, TWO, name="good.img")
    daemon = mount("partition=2")
    expect_error((errno.EIO, errno.ENOENT), os.listdir, daemon.path / "pi")
    assert names(daemon.path / "good") == ["two.txt"]
    assert len(daemon.final_log_lines(r"pi\.img", r"\b2\b")) == 1


def test_a_chosen_partition_without_a_fat_is_not_replaced_by_another(images,
                                                                     mount):
    make(images, ONE, Part(fat=None))
    daemon = mount("partition=2")
    expect_error(errno.EIO, os.listdir, daemon.path / "pi")


def test_a_conf_file_chooses_a_partition_for_one_image(images, mount):
    make(images, {"config.txt": b""}, TWO)
    make(images, {"config.txt": b""}, TWO, name="other.img")
    (images / "pi.conf").write_text("[image]\npartition = 2\n")
    daemon = mount()
    assert names(daemon.path / "pi") == ["two.txt"]
    assert names(daemon.path / "other") == ["config.txt"]
    assert names(daemon.path) == ["other", "pi"]


def test_a_conf_file_holds_for_every_board_of_its_image(images, mount):
    make(images, {"config.txt": b""}, TWO)
    (images / "pi.conf").write_text("[image]\npartition=2\n")
    (images / "89025d75").symlink_to("pi.img")
    assert names(mount().path / "89025d75") == ["two.txt"]


def test_a_conf_file_stands_beside_a_link_to_an_image_elsewhere(
        images, work, mount):
    make(work, {"config.txt": b""}, TWO)
    (images / "lab3").symlink_to(work / "pi.img")
    daemon = mount()
    assert names(daemon.path / "lab3") == ["config.txt"]
    (images / "lab3.conf").write_text("[image]\npartition = 2\n")
    assert names(daemon.path / "lab3") == ["two.txt"]


def test_a_conf_file_goes_before_the_option(images, mount):
    make(images, {"config.txt": b""}, TWO, THREE)
    (images / "pi.conf").write_text("; mine\n[image]\npartition = 3\n")
    assert names(mount("partition=2").path / "pi") == ["three.txt"]


def test_a_conf_file_is_read_live(images, mount):
    make(images, {"config.txt": b""}, TWO)
    daemon = mount()
    assert names(daemon.path / "pi") == ["config.txt"]
    (images / "pi.conf").write_text("[image]\npartition = 2\n")
    assert names(daemon.path / "pi") == ["two.txt"]
    (images / "pi.conf").unlink()
    assert names(daemon.path / "pi") == ["config.txt"]


@pytest.mark.parametrize("text", ("[image]\npartition = two\n",
                                  "[image]\npartition = -1\n",
                                  "[image]\npartitoin = 2\n",
                                  "[image\n", "partition\n"))
def test_a_conf_file_not_understood_costs_that_board_and_is_named(
        text, images, mount):
    make(images, {"config.txt": b""}, TWO)
    make(images, TWO, name="other.img")
    (images / "pi.conf").write_text(text)
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "pi")
    assert names(daemon.path / "other") == ["two.txt"]
    assert len(daemon.final_log_lines(r"pi\.conf")) == 1


@pytest.mark.parametrize("value", ("0", "x", "-1", "1x", "", "99999999999"))
def test_an_option_that_is_no_partition_number_is_refused(value, images,
                                                          mountpoint, mount):
    with pytest.raises(MountFailed, match="partition"):
        mount(f"partition={value}")
    mount("partition=1")


def test_a_partition_beyond_the_end_of_the_image_is_no_candidate(images,
                                                                 mount):
    made = make(images, Part(files=ONE), Part(files={"config.txt": b""}))
    with (images / "pi.img").open("r+b") as file:
        file.truncate(made[1].offset - MIB // 2)
    assert names(mount().path / "pi") == ["one.txt"]
