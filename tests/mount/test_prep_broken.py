# SPDX-License-Identifier: BSD-2-Clause
"""Boot partitions that are damaged, odd or hostile: what can be edited is
edited, and nothing else changes; the rest is refused as it is."""

import re

import pytest

import fatwrite
from fatread import LAST
from harness import run
from prep_fixture import image, work  # noqa: F401
from prep_samples import jammy_files, small
from prep_texts import CMDLINE, PREPARED_CMDLINE
from preptool import (FAILED, NBD, USAGE, assert_sound, boot, boot_files,
                      cmdline, partition_start, prep, refused, state)


def writer(image):
    return fatwrite.Writer(image, partition_start(image, 1))


def faults(image):
    """What fsck.fat says, but for how much there is."""
    volume = writer(image)
    part = image.with_name("part")
    part.write_bytes(volume.get(volume.offset, volume.size))
    output = run("fsck.fat", "-n", part, check=False).stdout
    part.unlink()
    return [line for line in output.splitlines()
            if not re.search(r"\d+ files, ", line)]


def assert_refused(image, says, *words):
    before = state(image.parent)
    refused(*NBD, *words, image, says=says, timeout=20)
    assert state(image.parent) == before


# Damage that was there before


def test_lost_clusters_are_no_obstacle_and_stay(image):
    volume = writer(image)
    for cluster in volume.free_clusters(3):
        volume.fat_put(cluster, LAST[16])
    before = faults(image)
    prep(*NBD, image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert faults(image) == before


def test_a_mark_of_being_mounted_is_no_obstacle(image):
    """As a board leaves it that was switched off."""
    volume = writer(image)
    volume.patch(37, b"\x01")
    prep(*NBD, image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_damage_of_another_file_stays_with_it(image):
    volume = writer(image)
    chain = volume.chain(volume.find("vmlinuz").first_cluster)
    volume.fat_put(chain[5], 0)
    prep(*NBD, image, status=(0, FAILED))
    entry = writer(image).find("vmlinuz")
    assert entry.first_cluster == chain[0]
    assert entry.size == len(jammy_files()["vmlinuz"])


@pytest.mark.parametrize("name", ("cmdline.txt", "config.txt"))
def test_a_text_that_has_no_clusters_is_refused(name, image):
    volume = writer(image)
    first = volume.find(name).first_cluster
    volume.fat_put(first, 0)
    assert_refused(image, name)


def test_a_chain_that_is_a_loop_is_refused(image):
    boot(image).write("cmdline.txt", CMDLINE["jammy"].replace(
        b"\n", b" x=" + b"y" * 3000 + b"\n"))
    volume = writer(image)
    chain = volume.chain(volume.find("cmdline.txt").first_cluster)
    volume.fat_put(chain[-1], chain[0])
    assert_refused(image, "cmdline.txt|fsck|chain|loop")


def test_a_volume_that_is_no_fat_is_refused(image):
    writer(image).patch(0, bytes(512))
    assert_refused(image, "FAT")


# Files that are not as they should be


def test_a_directory_is_no_cmdline(image):
    volume = boot(image)
    volume.remove("cmdline.txt")
    volume.mkdir("cmdline.txt")
    assert_refused(image, "cmdline.txt")


def test_a_quotation_mark_without_its_end_is_refused(image):
    boot(image).write("cmdline.txt", b'root=LABEL=writable x="y z\n')
    assert_refused(image, "cmdline.txt.*quot")


def test_a_huge_cmdline_is_refused(image):
    boot(image).write("cmdline.txt", b"x" * 100_000)
    assert_refused(image, "cmdline.txt")


def test_binary_rubbish_is_kept_or_refused(image):
    data = bytes(range(1, 256)).replace(b'"', b"").replace(b"\n", b"")
    boot(image).write("cmdline.txt", data)
    result = prep(*NBD, image, status=(0, FAILED))
    if result.returncode == FAILED:
        assert cmdline(image) == data
    else:
        assert b"nbdroot=192.168.1.10/jammy" in cmdline(image)
    assert_sound(image)


@pytest.mark.parametrize("name", ("cmdline.txt", "user-data"))
def test_a_file_that_is_read_only_is_edited(name, image):
    boot(image).attributes(name, "+r")
    prep(*NBD, image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert_sound(image)


def test_a_short_name_in_capitals_is_found(image):
    """As other systems write it."""
    volume = boot(image)
    volume.remove("cmdline.txt")
    raw = writer(image)
    raw.add("", b"CMDLINE TXT", CMDLINE["jammy"])
    assert raw.find("cmdline.txt").name == "CMDLINE.TXT"
    prep(*NBD, image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert [entry.name.lower() for entry in writer(image).entries()].count(
        "cmdline.txt") == 1


def test_an_include_without_end_is_refused(image):
    boot(image).write("config.txt", b"include config.txt\n")
    assert_refused(image, "config.txt")


def test_a_config_txt_that_is_not_there_leads_to_the_defaults(image):
    boot(image).remove("config.txt")
    prep(*NBD, "--initramfs", "initramfs-tools", image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_a_cmdline_outside_the_partition_is_not_looked_for(image):
    """A name such as this means nothing on FAT."""
    boot(image).write("config.txt", b"cmdline=../../etc/passwd\n")
    files = boot_files(image)
    prep(*NBD, "--initramfs", "dracut", image, status=(0, USAGE, FAILED))
    after = boot_files(image)
    files.pop("user-data"), after.pop("user-data")
    assert after == files


# Initrds that do not say who made them


@pytest.mark.parametrize("data", (
    b"not an initrd" * 100, b"", b"\x28\xb5\x2f\xfd" + bytes(100)))
def test_an_initrd_that_tells_nothing_needs_to_be_told_of(data, image):
    boot(image).write("initrd.img", data)
    assert_refused(image, "--initramfs")
    prep(*NBD, "--initramfs", "initramfs-tools", image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_a_missing_initrd_needs_to_be_told_of(image):
    boot(image).remove("initrd.img")
    assert_refused(image, "--initramfs")
    prep(*NBD, "--initramfs", "initramfs-tools", image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_more_packages_than_can_be_told_are_refused(image):
    names = ",".join(f"p{number}" for number in range(65))
    assert_refused(image, "--packages lists more than 64", "--packages", names)
    prep(*NBD, "--packages", names.rpartition(",")[0], image)


# Copies in all kinds of places


def test_a_full_root_directory_is_said(images, work):
    """FAT16 has room for so many names there."""
    small(images / "jammy.img", root=False)
    volume = writer(images / "jammy.img")
    free = sum(volume.get(offset, 1) in (b"\0", b"\xe5")
               for offset in volume.directory_slots())
    for index in range(free):
        volume.add("", b"F%07d   " % index)
    (work / "new.bin").write_bytes(b"new")
    before = state(images)
    refused("--copy", work / "new.bin", images / "jammy.img",
            says="directory")
    assert state(images) == before


def test_a_full_partition_still_gets_its_cmdline(image):
    """The new one fits where the old one was."""
    volume = writer(image)
    size = 0
    for cluster in range(2, volume.clusters + 2):
        size += volume.fat_get(cluster) == 0
    volume.add("", b"FILLER  BIN", bytes(size * volume.cluster_bytes))
    prep(*NBD, "--packages", "", image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert_sound(image)
