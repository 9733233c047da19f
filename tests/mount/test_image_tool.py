# SPDX-License-Identifier: BSD-2-Clause
"""pibootfs-image info and its command line: partitions, choice, health."""

import os
import shutil
import struct

import pytest

import disk
import fatwrite
from disk import MIB, Part
from fatread import BAD, DIRECTORY, LAST
from fatwrite import short_entry
from harness import run
from imagetool import (OK, PIBOOTFS_IMAGE, UNREADABLE, UNSOUND, USAGE,
                       error_line, faults, filled, fsck, info, on_terminal,
                       tool)

CONFIG = {"config.txt": b"arm_64bit=1\n"}
AUTOBOOT = {"autoboot.txt": b"[all]\nboot_partition=3\n"}

# The command line


@pytest.mark.parametrize("option", ("-h", "--help"))
def test_help_names_commands_and_options(option):
    text = tool(option).stdout
    for word in ("info", "ls", "cat", "cp", "-J", "-l", "-R", "-p", "-f",
                 "--codepage", "Exit status"):
        assert word in text, word


@pytest.mark.parametrize("option", ("-V", "--version"))
def test_the_version_is_told(option):
    assert tool(option).stdout.startswith("pibootfs-image 0.")


@pytest.mark.parametrize("words, says", (
    ((), "command missing"),
    (("dump", "x.img"), '"dump" is not a command'),
    (("info",), "argument is missing; usage: pibootfs-image info"),
    (("cat", "x.img"), "argument is missing"),
    (("cp", "x.img", "/"), "argument is missing"),
    (("info", "x.img", "y.img"), "too many arguments"),
    (("ls", "-Z", "x.img"), "-Z is unknown"),
    (("ls", "--nonsense", "x.img"), "--nonsense is unknown"),
    (("--json", "ls", "-lZR", "x.img"), "option -Z is unknown"),
    (("ls", "--json=1", "x.img"), "--json takes no value"),
    (("ls", "--nonsense=1", "x.img"), "--nonsense is unknown"),
    (("ls", "-p"), "-p needs a value"),
    (("ls", "-p", "0", "x.img"), 'partition "0"'),
    (("ls", "-p", "x", "x.img"), 'partition "x"'),
    (("ls", "--codepage", "932", "x.img"), 'codepage "932"'),
    (("ls", "-J", "x.img"), '--json is for "info" only'),
    (("info", "-l", "x.img"), '--long is for "ls" only'),
    (("cat", "-R", "x.img", "a"), '--recursive is for "ls" only'),
    (("cat", "-f", "x.img", "a"), '--force is for "cp" only')))
def test_a_wrong_command_line_is_status_1_and_one_line(words, says):
    error_line(*words, says=says, status=USAGE)


def test_options_may_stand_behind_the_operands(work):
    filled(work / "v.img")
    assert "6 2025-01-01 12:00:00 CONFIG.TXT" in tool(
        "ls", work / "v.img", "config.txt", "-l").stdout


# Images that cannot be read


def test_an_image_that_is_not_there_is_named(work):
    error_line("info", work / "x.img", says=r"x\.img: cannot be opened: No ")


def test_what_is_no_image_is_named(work):
    error_line("info", work, says="neither a regular file nor a block device")


@pytest.mark.parametrize("command", (("info",), ("info", "-J"), ("ls",)))
def test_an_image_without_a_volume_is_named_with_the_byte(command, work):
    (work / "x.img").write_bytes(bytes(MIB))
    error_line(*command, work / "x.img",
               says=r"x\.img: byte 0: no partition with a FAT volume.*; ")


def test_info_shows_partitions_even_when_there_is_no_volume(work):
    disk.partitioned(work / "x.img", "mbr", [Part(fat=None), Part(fat=None)])
    found = info(work / "x.img", status=UNREADABLE)
    assert [part["number"] for part in found["partitions"]] == [1, 2]
    assert found["boot"] is found["volume"] is found["health"] is None
    assert "no partition with a FAT" in found["error"]["reason"]


# Partitions, and which one boards boot from


@pytest.mark.parametrize("scheme, sector", (
    ("mbr", 512), ("mbr-logical", 512), ("gpt", 512), ("hybrid", 512),
    ("mbr", 4096), ("mbr-logical", 4096), ("gpt", 4096)))
def test_partitions_are_shown(scheme, sector, work):
    made = disk.partitioned(
        work / "x.img", scheme, [Part(label="FIRST"),
                                 Part(label="SECOND", files=CONFIG),
                                 Part(fat=None)], sector)
    found = info(work / "x.img")
    assert found["size"] == (work / "x.img").stat().st_size
    assert found["table"] == ("gpt" if scheme in ("gpt", "hybrid") else "mbr")
    assert found["sector_size"] == sector
    assert found["partitions"] == [
        {"number": part.number, "start": part.offset, "size": part.size,
         "missing": 0, "fat": "FAT16" if label else None, "label": label}
        for part, label in zip(made, ("FIRST", "SECOND", None))]
    assert found["boot"] == {"partition": made[1].number,
                             "reason": "boot-files"}
    assert found["volume"]["label"] == "SECOND"
    assert found["volume"]["start"] == made[1].offset
    text = tool("info", work / "x.img").stdout
    for word in ("SECOND", str(made[1].offset), "first FAT volume with boot"):
        assert word in text, word


def test_an_image_without_partitions_is_shown(work):
    disk.boot_image(work / "x.img", scheme="none", fat=12, size=4 * MIB,
                    label="WHOLE")
    found = info(work / "x.img")
    assert (found["table"], found["sector_size"], found["partitions"]) == (
        "none", None, [])
    assert found["boot"] == {"partition": 0, "reason": "unpartitioned"}
    assert found["volume"]["fat"] == "FAT12"
    assert "Boot partition:  none: the image as a whole" in tool(
        "info", work / "x.img").stdout


@pytest.mark.parametrize("files, partition, reason", (
    (((), None, None), 1, "only-fat"), (((), (), None), 1, "first-fat"),
    (((), CONFIG, CONFIG), 2, "boot-files"),
    ((AUTOBOOT, CONFIG, ()), 3, "autoboot")))
def test_the_reason_for_the_choice_is_told(files, partition, reason, work):
    disk.partitioned(work / "x.img", "mbr", [
        Part(fat=None) if held is None else Part(files=dict(held))
        for held in files])
    assert info(work / "x.img")["boot"] == {"partition": partition,
                                            "reason": reason}


def test_an_option_or_the_images_conf_makes_the_choice(work):
    disk.partitioned(work / "x.img", "mbr", [Part(files=CONFIG), Part()])
    (work / "x.conf").write_text("[image]\npartition = 2\n")
    assert info(work / "x.img")["boot"] == {"partition": 2, "reason": "conf"}
    assert info("-p1", work / "x.img")["boot"] == {"partition": 1,
                                                   "reason": "option"}
    error_line("ls", "--partition=7", work / "x.img",
               says="has no partition 7, which was asked for; ")


def test_a_conf_that_is_not_understood_says_what_to_do(work):
    disk.boot_image(work / "x.img")
    (work / "x.conf").write_text("[image]\npartitoin = 2\n")
    error_line("ls", work / "x.img", says=r"x\.conf: line 2.*; mend that")
    tool("ls", "-p1", work / "x.img")


def test_the_conf_of_a_link_within_the_directory_is_its_targets(work):
    disk.partitioned(work / "x.img", "mbr", [Part(files=CONFIG), Part()])
    (work / "x.conf").write_text("[image]\npartition = 2\n")
    (work / "89025d75").symlink_to("x.img")
    assert info(work / "89025d75")["boot"]["partition"] == 2


# Health: healthy volumes and fsck.fat


@pytest.mark.parametrize("fat", (12, 16, 32))
def test_a_sound_volume_is_sound_to_fsck_too(fat, work):
    volume = filled(work / "v.img", fat)
    health = info(volume.path)["health"]
    assert health["sound"] and not health["dirty"] and not health["faults"]
    status, entries, used = fsck(volume)
    assert (health["files"] + health["directories"],
            health["used_clusters"]) == (entries, used)
    assert status == 0


def test_geometry_is_told(work):
    volume = filled(work / "v.img", 32, options=("-i", "89abcdef"), label="BOOT")
    found = info(volume.path)["volume"]
    assert found == {
        "fat": "FAT32", "label": "BOOT", "serial": "89AB-CDEF", "start": 0,
        "sector_size": 512, "cluster_size": 512, "clusters": volume.clusters,
        "fat_copies": 2, "active_fat": 0}


def first(volume, path="SUB/FILE.BIN"):
    return volume.find(path).first_cluster


def fewer_clusters(volume):
    volume.fat_put(first(volume) + 1, LAST[volume.fat])
    for cluster in range(first(volume) + 2, first(volume) + 6):
        volume.fat_put(cluster, 0)


def more_clusters(volume):
    (after,) = volume.free_clusters(1)
    volume.fat_put(after, LAST[volume.fat])
    volume.fat_put(first(volume) + 5, after)


def lost_clusters(volume):
    volume.store(bytes(2000))


def differing_copies(volume):
    volume.fat_put(first(volume), LAST[volume.fat], copies=(1,))


def cross_link(volume):
    volume.add("", b"OTHER   BIN", size=2000, cluster=first(volume) + 2)


def directory_loop(volume):
    volume.add_slots("SUB", short_entry(b"LOOP       ", DIRECTORY,
                                        first(volume, "SUB")))


def directory_without_cluster(volume):
    volume.add_slots("", short_entry(b"NEW        ", DIRECTORY, 0))


def freed_directory(volume):
    volume.fat_put(first(volume, "SUB"), 0)


FILE = "SUB/FILE.BIN"
DAMAGE = {
    "a chain into a free cluster": (
        lambda volume: volume.fat_put(first(volume) + 2, 0), ("chain", FILE)),
    "a short chain": (fewer_clusters, ("chain", FILE)),
    "a chain that leaves the volume": (
        lambda volume: volume.fat_put(first(volume) + 1,
                                      LAST[volume.fat] - 99),
        ("chain", FILE)),
    "a chain that loops": (
        lambda volume: volume.fat_put(first(volume) + 1, first(volume)),
        ("chain", FILE)),
    "more clusters than needed": (more_clusters, ("excess", FILE)),
    "lost clusters": (lost_clusters, ("lost", "")),
    "differing copies": (differing_copies, ("copies", "")),
    "a cross-link": (cross_link, ("cross-link", "OTHER.BIN")),
    "a directory loop": (directory_loop, ("loop", "SUB/LOOP")),
    "a directory without a cluster": (directory_without_cluster,
                                      ("directory", "NEW")),
    "a freed directory": (freed_directory, ("directory", "SUB")),
}


@pytest.mark.parametrize("fat", (12, 16, 32))
@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_found_as_by_fsck(kind, fat, work):
    volume = filled(work / "v.img", fat)
    damage, expected = DAMAGE[kind]
    damage(volume)
    assert expected in faults(volume.path)
    assert fsck(volume)[0] == 1


@pytest.mark.parametrize("fat", (12, 16, 32))
def test_bad_clusters_are_counted_and_no_fault(fat, work):
    volume = filled(work / "v.img", fat)
    (cluster,) = volume.free_clusters(1)
    volume.fat_put(cluster, BAD[fat])
    assert info(volume.path)["health"]["bad_clusters"] == 1
    assert fsck(volume)[0] == 0


def test_what_a_running_board_always_has_is_told_but_no_fault(work):
    volume = filled(work / "v.img")
    volume.patch(0x41, b"\1")
    health = info(volume.path)["health"]
    assert health["dirty"] and health["sound"]
    assert health["backup_boot_sector"] == "equal"
    assert "Marked as mounted:   yes" in tool("info", volume.path).stdout


def test_a_backup_boot_sector_that_differs_is_told_but_no_fault(work):
    volume = filled(work / "v.img")
    volume.patch(6 * 512 + 3, b"other")
    assert info(volume.path)["health"]["backup_boot_sector"] == "differs"


def test_what_is_strange_but_served_is_a_note(work):
    volume = filled(work / "v.img")
    volume.patch(0x2a, b"\1\1")
    (note,) = info(volume.path)["health"]["notes"]
    assert "version other than 0.0" in note["reason"]


def test_a_truncated_image_says_what_is_lost(work):
    volume = filled(work / "v.img", 12)
    end = volume.cluster_offset(first(volume) + 1)
    os.truncate(volume.path, end)
    found = info(volume.path, status=UNSOUND)["health"]["faults"]
    assert [(fault["kind"], fault["path"], fault["byte"])
            for fault in found] == [("truncated", "", end),
                                    ("chain", FILE, end)]


def test_a_fault_is_told_with_path_byte_and_reason(work):
    volume = filled(work / "v.img")
    fewer_clusters(volume)
    line = tool("info", volume.path, status=UNSOUND).stdout.splitlines()[-1]
    assert line == (f"SUB/FILE.BIN: byte "
                    f"{volume.fat_offset(first(volume) + 1):#x}: chain ends "
                    "after 2 of 6 clusters")


def test_a_cross_link_names_both_sides(work):
    volume = filled(work / "v.img")
    cross_link(volume)
    fault = info(volume.path, status=UNSOUND)["health"]["faults"][0]
    assert {fault["path"], fault["other"]} == {"OTHER.BIN", FILE}


# Hostile and foreign names


EVIL_NAME = "\x1b]0;owned\x07\x9b31m\u202e\"\\\n.bin"


def test_json_is_valid_whatever_the_names(work):
    image = work / b"\xff\x1bv.img".decode("utf-8", "surrogateescape")
    volume = fatwrite.small_volume(image, 32)
    volume.add("", b"EVIL    BIN", size=10, long=EVIL_NAME)
    volume.add("", b"HALF    BIN", size=10,
               long=struct.pack("<2H", 0xd800, 0x61))
    text = tool("info", "-J", image, status=UNSOUND, encoding=None,
                errors=None).stdout
    text.decode()
    run("python3", "-m", "json.tool", input=text)
    assert faults(image) == {("chain", EVIL_NAME), ("chain", "\ufffda")}
    assert not any(byte < 0x20 and byte != 0x0a for byte in text)


@pytest.mark.parametrize("command", (("info",), ("ls",), ("ls", "-l"),
                                     ("ls", "-R"), ("ls", "-lR")))
def test_what_a_terminal_would_obey_is_masked(command, work):
    volume = fatwrite.small_volume(work / "v.img", 32)
    volume.add("", b"EVIL    BIN", size=10, long=EVIL_NAME)
    status = UNSOUND if command == ("info",) else OK
    for text in (on_terminal(*command, volume.path),
                 tool(*command, volume.path, status=status).stdout):
        assert "?]0;owned??31m?\"\\?.bin" in text
        assert not set("\x1b\x07\x9b\u202e") & set(text)


@pytest.mark.parametrize("character", "\x01\x1b\x7f\x80\x9b\x9f\u061c\u200e"
                         "\u200f\u202a\u202e\u2066\u2069")
def test_each_character_that_a_terminal_would_obey_is_masked(character, work):
    volume = fatwrite.small_volume(work / "v.img", 32)
    volume.add("", b"EVIL    BIN", b"x", long=f"a{character}b.bin")
    assert tool("ls", volume.path).stdout == "a?b.bin\n"
    assert info(volume.path)["health"]["sound"]


def test_a_label_is_masked_but_in_json(work):
    path = work / "v.img"
    disk.partitioned(path, "mbr", [Part(label="LABEL")])
    path.write_bytes(path.read_bytes().replace(b"LABEL      ",
                                               b"\x1b[31m\nEVIL "))
    text = tool("info", path).stdout
    assert text.count("?[31m?EVIL") == 2
    assert "\x1b" not in text and "\nEVIL" not in text
    found = info(path)
    assert found["volume"]["label"] == "\x1b[31m\nEVIL"
    assert found["partitions"][0]["label"] == "\x1b[31m\nEVIL"


def test_messages_are_masked_everywhere(work):
    volume = fatwrite.small_volume(work / "v.img", 32)
    volume.add("", b"EVIL    BIN", size=10, long=EVIL_NAME)
    error_line("cat", volume.path, EVIL_NAME, says=r"\?\]0;owned\?\?31m\?")


# Rights


def test_it_runs_without_root_on_an_image_that_cannot_be_written(work):
    volume = filled(work / "v.img")
    volume.path.chmod(0o444)
    program = shutil.copy(PIBOOTFS_IMAGE, work / "tool")
    before = (volume.path.read_bytes(), volume.path.stat().st_mtime_ns)
    result = run(program, "info", volume.path, user=65534, group=65534,
                 extra_groups=())
    assert "sound" in result.stdout
    assert (volume.path.read_bytes(),
            volume.path.stat().st_mtime_ns) == before


def test_a_block_device_is_read(work):
    disk.boot_image(work / "x.img", files=CONFIG)
    device = run("losetup", "-f", "--show", "-r", work / "x.img",
                 check=False).stdout.strip()
    if not device:
        pytest.skip("no loop device to be had here")
    try:
        assert info(device)["boot"]["partition"] == 1
        assert tool("cat", device, "config.txt").stdout == "arm_64bit=1\n"
    finally:
        run("losetup", "-d", device)


def test_output_that_cannot_be_written_is_an_error(work):
    filled(work / "v.img")
    with open("/dev/full", "w", encoding="utf-8") as full:
        for words in (("info",), ("info", "-J"), ("ls", "-l")):
            result = tool(*words, work / "v.img", status=UNREADABLE,
                          stdout=full)
            assert "standard output: No space left" in result.stderr
