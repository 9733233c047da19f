# SPDX-License-Identifier: BSD-2-Clause
"""Every FAT type with every cluster and sector size reads back, and the disk
a board boots from may be partitioned in any way, or be a block device."""

import errno
import os
import random
import struct

import pytest

import disk
import fatread
import fatwrite
import table
from disk import MIB, Part
from harness import run
from tree import expect_error, names, read_all

CONFIG = {"config.txt": b"arm_64bit=1\n"}
CLUSTERS = [512 << n for n in range(8)]
VOLUMES = [(fat, sector, cluster)
           for fat in (12, 16, 32) for sector in (512, 1024, 2048, 4096)
           for cluster in CLUSTERS if cluster >= sector]


def file_system_xattr(path):
    return os.getxattr(path, "user.pibootfs.fat_type").decode()


@pytest.mark.parametrize("fat, sector, cluster", VOLUMES)
def test_a_volume_of_this_kind_reads_back_whole(fat, sector, cluster, images,
                                                mount):
    volume = disk.fat_volume(images / "v.img",
                             disk.volume_size(fat, cluster, sector), fat,
                             cluster, sector)
    data = random.Random(cluster).randbytes(3 * cluster + 7)
    volume.write("a.bin", data[:cluster])
    volume.write("b.bin", data[:2 * cluster + 1])
    volume.remove("a.bin")
    volume.write("in/sub/in pieces.bin", data)
    volume.write("empty")
    oracle = fatread.Volume(images / "v.img")
    assert (oracle.fat, oracle.cluster_bytes) == (fat, cluster)

    board = mount().path / "v"
    assert read_all(board) == {"b.bin": data[:2 * cluster + 1],
                               "in/sub/in pieces.bin": data, "empty": b""}
    assert str(fat) in file_system_xattr(board)


@pytest.mark.parametrize("fat", (12, 16, 32))
def test_a_directory_longer_than_a_cluster_is_listed_whole(fat, images,
                                                           mount):
    volume = fatwrite.small_volume(images / "v.img", fat,
                                   5000 if fat == 16 else 200)
    volume.add_directory("", b"SUB        ")
    wanted = {f"a rather long name, number {i}.bin": b"%d" % i
              for i in range(40)}
    for index, (name, data) in enumerate(wanted.items()):
        volume.add("SUB", b"FILE%04dBIN" % index, data, long=name)
    assert read_all(mount().path / "v/SUB") == wanted


def test_clusters_of_512_kib_are_served(images, mount):
    cluster = 512 * 1024
    volume = disk.fat_volume(images / "v.img", 5000 * cluster, 16, cluster,
                             4096)
    data = random.Random(5).randbytes(cluster + 12345)
    volume.write("large.bin", data)
    assert (mount().path / "v/large.bin").read_bytes() == data


def test_a_fat12_chain_crosses_the_sectors_of_its_table(images, mount):
    volume = fatwrite.small_volume(images / "v.img", 12, 1500)
    data = random.Random(6).randbytes(1400 * 512 - 7)
    volume.add("", b"LONG    BIN", data)
    assert (mount().path / "v/long.bin").read_bytes() == data


def test_a_fat32_with_few_clusters_is_fat32(images, mount):
    volume = fatwrite.small_volume(images / "v.img", 32, 200)
    assert volume.fat == 32 and volume.clusters < 4085
    volume.add("", b"CONFIG  TXT", b"small")
    board = mount().path / "v"
    assert (board / "CONFIG.TXT").read_bytes() == b"small"
    assert "32" in file_system_xattr(board)


@pytest.mark.parametrize("clusters, fat", [(4084, 12), (4085, 16),
                                           (65524, 16)])
def test_the_cluster_count_decides_between_fat12_and_fat16(clusters, fat,
                                                           images, mount):
    path = images / "v.img"
    disk.fat_volume(path, 80 * MIB, 16, 2048, options=("-a",))
    volume = fatwrite.Writer(path)
    volume.patch(0x16, struct.pack("<H", -(-(clusters + 2) * 2 // 512)))
    moved = fatwrite.Writer(path)       # with other places for all
    moved.set_total_sectors(moved.data_start // 512 + clusters * 4)
    moved = fatwrite.Writer(path)
    assert (moved.clusters, moved.fat) == (clusters, fat)
    moved.put(moved.fat_start, bytes(moved.fat_bytes * moved.fats))
    moved.put(moved.root_start, bytes(moved.root_bytes))
    moved.add("", b"CONFIG  TXT", b"x" * 5000)
    board = mount().path / "v"
    assert (board / "CONFIG.TXT").read_bytes() == b"x" * 5000
    assert str(fat) in file_system_xattr(board)


@pytest.mark.parametrize("sector", (512, 1024, 2048, 4096))
@pytest.mark.parametrize("scheme", ("mbr", "mbr-logical", "gpt", "none"))
def test_the_boot_partition_is_found_in(scheme, sector, images, mount):
    count = 1 if scheme == "none" else 2
    parts = [Part(files={"other.txt": b"other"}), Part(files=CONFIG)][-count:]
    made = disk.partitioned(images / "pi.img", scheme, parts, sector)
    board = mount().path / "pi"
    assert read_all(board) == CONFIG
    number = os.getxattr(board, "user.pibootfs.partition")
    assert number.decode() == str(made[-1].number)


def test_a_looping_chain_of_logical_partitions_ends(images, mount):
    made = disk.partitioned(images / "pi.img", "mbr-logical",
                            [Part(files=CONFIG), Part(files=CONFIG)])
    # The second EBR's link names the extended partition's start: the first.
    second = made[1].offset - MIB
    ebr = next(at for at in range(second, made[1].offset, 512)
               if table.get(images / "pi.img", at + 510, 2) == b"\x55\xaa")
    table.put(images / "pi.img", ebr + 446 + 16,
              table.mbr_entry(0, 2048, 0x05))
    assert read_all(mount().path / "pi") == CONFIG


def test_a_logical_partition_table_that_links_to_itself_ends(images, mount):
    made = disk.partitioned(images / "pi.img", "mbr-logical",
                            [Part(files=CONFIG)])
    assert made[0].number == 5
    extended = MIB
    table.put(images / "pi.img", extended + 446 + 16,
              table.mbr_entry(0, 2048, 0x05))
    assert read_all(mount().path / "pi") == CONFIG


def test_ten_thousand_logical_partitions_cost_no_more_than_a_few(images,
                                                                 mount):
    path = images / "pi.img"
    with path.open("wb") as file:
        file.truncate(64 * MIB)
    parts = [(2048 + 2 + 4 * i, 2) for i in range(10000)]
    table.write_logical(path, (2048, 60 * 2048), parts, 512)
    volume = fatwrite.small_volume(images / "other.img")
    volume.add("", b"CONFIG  TXT", b"fine")
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "pi")
    assert (daemon.path / "other/CONFIG.TXT").read_bytes() == b"fine"


@pytest.mark.parametrize("sector", (512, 4096))
def test_a_gpt_with_a_broken_primary_header_is_read_from_its_backup(
        sector, images, mount):
    disk.partitioned(images / "pi.img", "gpt", [Part(files=CONFIG)], sector)
    table.put(images / "pi.img", sector + 0x18, b"\xff" * 16)
    assert read_all(mount().path / "pi") == CONFIG


def test_a_gpt_with_two_broken_headers_costs_that_board_only(images, mount):
    disk.partitioned(images / "good.img", "gpt", [Part(files=CONFIG)])
    disk.partitioned(images / "pi.img", "gpt", [Part(files=CONFIG)])
    size = (images / "pi.img").stat().st_size
    table.put(images / "pi.img", 512, bytes(512))
    table.put(images / "pi.img", size - 512, bytes(512))
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "pi")
    assert read_all(daemon.path / "good") == CONFIG
    assert len(daemon.final_log_lines(r"pi\.img")) == 1


def test_a_hybrid_mbr_does_not_number_the_partitions(images, mount):
    path = images / "pi.img"
    disk.partitioned(path, "gpt", [Part(files={"one.txt": b"1"}),
                                   Part(files={"two.txt": b"2"})])
    run("sgdisk", "--hybrid=2:EE", path)
    mbr = table.get(path, 0, 512)
    assert 0xee in (mbr[450], mbr[466]) and 0xee not in (mbr[482], mbr[498])
    assert names(mount("partition=1").path / "pi") == ["one.txt"]


@pytest.mark.parametrize("scheme", ("none", "hybrid"))
def test_an_image_of_this_scheme_is_served(scheme, images, mount):
    disk.partitioned(images / "pi.img", scheme, [Part(files=CONFIG)])
    assert read_all(mount().path / "pi") == CONFIG


def test_a_fake_mbr_inside_a_fat_is_no_partition_table(images, mount):
    volume = disk.fat_volume(images / "pi.img", 64 * MIB, 32, 512,
                             options=("--mbr=y",))
    volume.write("config.txt", b"super\n")
    boot = table.get(images / "pi.img", 0, 512)
    assert boot[450] != 0, "mkfs.vfat wrote no fake entry"
    board = mount().path / "pi"
    assert read_all(board) == {"config.txt": b"super\n"}
    assert os.getxattr(board, "user.pibootfs.partition") == b"0"


def test_a_fat_with_an_entry_for_a_partition_inside_is_still_a_fat(images,
                                                                   mount):
    path = images / "pi.img"
    volume = disk.fat_volume(path, 64 * MIB, 16)
    volume.write("config.txt", b"outer")
    table.put(path, 446, table.mbr_entry(65536, 65536))
    disk.fat_volume(path, 32 * MIB, 16, offset=32 * MIB).write("x", b"inner")
    assert read_all(mount().path / "pi") == {"config.txt": b"outer"}


# Block devices

@pytest.fixture
def loop_device(work):
    """Attaches an image to a loop device: loop_device(path, sector)."""
    devices = []

    def attach(path, sector=512):
        device = run("losetup", "--show", "-f", "-b", sector, path)
        devices.append(device.stdout.strip())
        return devices[-1]

    yield attach
    for device in devices:
        run("losetup", "-d", device)


@pytest.mark.parametrize("sector", (512, 4096))
@pytest.mark.parametrize("name", ("pi", "pi.img"))
def test_a_link_to_a_block_device_is_a_board(name, sector, work, images,
                                             mount, loop_device):
    disk.partitioned(work / "backing", "gpt",
                     [Part(files={**CONFIG, "odd.bin": b"odd" * 1001})],
                     sector)
    (images / name).symlink_to(loop_device(work / "backing", sector))
    assert read_all(mount().path / "pi") == {**CONFIG,
                                             "odd.bin": b"odd" * 1001}


def test_a_block_device_in_the_image_directory_is_a_board(work, images, mount,
                                                          loop_device):
    disk.partitioned(work / "backing", "mbr", [Part(files=CONFIG)])
    number = os.stat(loop_device(work / "backing")).st_rdev
    os.mknod(images / "lab3", 0o660 | 0o060000, number)
    daemon = mount()
    assert "lab3" in names(daemon.path)
    assert read_all(daemon.path / "lab3") == CONFIG


def test_a_volume_with_smaller_sectors_than_its_device_is_served(
        work, images, mount, loop_device):
    disk.partitioned(work / "backing", "mbr", [Part(files=CONFIG)])
    with open(work / "backing", "r+b") as file:
        # The table counts the device's sectors, the volume its own of 512.
        for at in (446 + 8, 446 + 12):
            file.seek(at)
            count = int.from_bytes(file.read(4), "little")
            assert count % 8 == 0
            file.seek(at)
            file.write((count // 8).to_bytes(4, "little"))
    (images / "lab3").symlink_to(loop_device(work / "backing", 4096))
    daemon = mount()
    for _ in range(2):
        assert read_all(daemon.path / "lab3") == CONFIG
    line, = daemon.final_log_lines("lab3")
    assert "sectors of 512 bytes on a device with sectors of 4096" in line


def test_a_write_to_a_block_device_is_seen_at_the_next_open(
        work, images, mount, loop_device):
    made = disk.partitioned(work / "backing", "mbr", [Part(files=CONFIG)])
    device = loop_device(work / "backing")
    (images / "lab3").symlink_to(device)
    daemon = mount()
    assert read_all(daemon.path / "lab3") == CONFIG
    disk.Fat(device, made[0].offset).write("config.txt", b"changed")
    assert read_all(daemon.path / "lab3") == {"config.txt": b"changed"}
