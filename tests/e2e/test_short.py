# SPDX-License-Identifier: BSD-2-Clause
"""The story of test_e2e.py without a board, for every run of the tests.

What a system on a board would do to its disk is done by an NBD client: FAT is
written by mtools, power cuts are writes that stop. All else is real: servers,
mount, and what a boot ROM asks for.
"""

import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

import disk
import freshness
import harness
import loader
import servers
from disk import MIB, Part
from freshness import Stale
from lab import SERIAL, Lab

MAC = "dc-a6-32-01-36-c2"
MODELS = ["pi3", "pi4", "pi5"]
KERNELS = ["kernel8.img", "kernel_2712.img"]
REMOVED = ["overlays/README", "issue.txt"]
CONFIG = b"arm_64bit=1\ninitramfs initramfs8 followkernel\n"


def noise(seed, size):
    """Bytes that nothing can guess, the same each time."""
    return random.Random(seed).randbytes(size)


def kernel_files(version):
    """What an upgrade replaces."""
    return {name: noise(f"{name} {version}", 3 * MIB + 1000 * version)
            for name in (*KERNELS, "initramfs8")}


def make_disk(path, version=1):
    """A disk image that every model boots from; its boot partition."""
    small = ["bootcode.bin", "start.elf", "fixup.dat", "start4.elf",
             "fixup4.dat", "bcm2710-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb",
             "bcm2712-rpi-5-b.dtb"]
    boot, _ = disk.partitioned(path, "mbr", [
        Part(64 * MIB, 32, 512, files={
            "config.txt": CONFIG, "cmdline.txt": b"root=/dev/nbd0p2\n",
            "issue.txt": b"issue\n", "overlays/README": b"overlays\n",
            **{name: noise(name + path.name, 20_000) for name in small},
            **kernel_files(version)}),
        Part(4 * MIB, None, type="83")])
    return boot


def upgrade(fat, version=2):
    """As test_e2e's upgrade, through mtools."""
    for name, data in kernel_files(version).items():
        fat.replace(name, data)
    fat.write("upgraded.txt", b"version %d\n" % version)
    fat.write("empty.txt")
    fat.remove("overlays/README")
    fat.rename("issue.txt", "Issue of the day.txt")


def digests(fat, directory=""):
    """{path: digest} of all files, read with mtools."""
    found = {}
    for name in fat.list(directory):
        path = f"{directory}/{name}".strip("/")
        if name == "overlays":
            found.update(digests(fat, path))
        else:
            found[path] = loader.digest(fat.read(path))
    return found


def expect_fresh(lab, written, model, name):
    """A boot ROM and a client that asks for all get what was written."""
    loaded = loader.load(lab.network, SERIAL, lab.logs / name, model)
    freshness.compare(written, loaded.files(SERIAL))
    freshness.check_fresh(written, lab.network, lab.tree, SERIAL)
    freshness.check_gone(lab.network, SERIAL, *REMOVED)


@pytest.fixture
def jammy(images):
    """The disk of one board."""
    boot = make_disk(images / "jammy.img")
    for name in (SERIAL, "default"):
        (images / name).symlink_to("jammy.img")
    return boot


@pytest.fixture
def lab(jammy, images, network, pibootfs, logs):
    with Lab(network, pibootfs.path, {"jammy": images / "jammy.img"},
             logs) as made:
        yield made


@pytest.fixture
def stale_lab(jammy, images, network, work, logs):
    """The control: TFTP serves a copy of the boot partition."""
    tree = work / "plain"
    (tree / SERIAL).mkdir(parents=True)
    harness.run("mcopy", "-s", "-i", f"{images}/jammy.img@@{jammy.offset}",
                "::*", tree / SERIAL)
    (tree / "bootcode.bin").symlink_to(f"{SERIAL}/bootcode.bin")
    with Lab(network, tree, {"jammy": images / "jammy.img"}, logs) as made:
        yield made


@pytest.fixture
def client_disk(network, work):
    """Opens an export's boot partition as an NBD client's file."""
    clients = []

    def connect(export, offset):
        directory = work / export
        directory.mkdir()
        clients.append(servers.NbdFile(
            network, f"nbd://127.0.0.1/{export}", directory))
        return disk.Fat(clients[-1].path, offset)

    yield connect
    for client in clients:
        client.stop()


@pytest.mark.parametrize("model", MODELS)
def test_upgrade_through_nbd_is_what_boots_next(model, jammy, lab,
                                                client_disk):
    servers_before = lab.identity()
    written = client_disk("jammy", jammy.offset)
    loaded = loader.load(lab.network, SERIAL, lab.logs / "first", model)
    freshness.compare(digests(written), loaded.files(SERIAL))
    upgrade(written)
    expect_fresh(lab, digests(written), model, "second")
    assert lab.identity() == servers_before


@pytest.mark.parametrize("model", MODELS)
def test_new_directory_boots_when_os_prefix_names_it(model, jammy, lab,
                                                     client_disk):
    """The switch from current/ to new/ in the manner of piboot-try."""
    fat = client_disk("jammy", jammy.offset)
    moved = [*kernel_files(1), "cmdline.txt",
             *(name for name in fat.list() if name.endswith(".dtb"))]
    for directory, version in (("current", 1), ("new", 2)):
        for name in moved:
            fat.write(f"{directory}/{name}",
                      kernel_files(version).get(name) or fat.read(name))
    for name in moved:
        fat.remove(name)
    for directory in ("current", "new"):
        fat.write("config.txt", CONFIG + f"os_prefix={directory}/\n".encode())
        loaded = loader.load(lab.network, SERIAL, lab.logs / directory,
                             model)
        version = 1 if directory == "current" else 2
        assert loaded.kernel.read_bytes() in kernel_files(version).values()
        assert loaded.initramfs.read_bytes() == \
            kernel_files(version)["initramfs8"]


def test_control_plain_directory_is_found_stale(jammy, images, stale_lab,
                                                client_disk):
    """It passes until something changes; then every check sees it."""
    written = client_disk("jammy", jammy.offset)
    loader.load(stale_lab.network, SERIAL, stale_lab.logs / "first")
    freshness.check_fresh(digests(written), stale_lab.network, stale_lab.tree,
                          SERIAL)
    upgrade(written)
    loaded = loader.load(stale_lab.network, SERIAL, stale_lab.logs / "second")
    with pytest.raises(Stale):
        freshness.compare(digests(written), loaded.files(SERIAL))
    with pytest.raises(Stale):
        freshness.check_fresh(digests(written), stale_lab.network,
                              stale_lab.tree, SERIAL)
    with pytest.raises(Stale):
        freshness.check_gone(stale_lab.network, SERIAL, *REMOVED)
    with pytest.raises(Stale):
        freshness.check_whatever_is_there(
            stale_lab.network, SERIAL, images / "jammy.img", jammy.offset)


# Power cuts

def differences(old, new, piece=4096):
    """The writes that make one file of the other: (offset, bytes)."""
    with old.open("rb") as before, new.open("rb") as after:
        for offset in range(0, os.path.getsize(new), piece):
            data = after.read(piece)
            if before.read(piece) != data:
                yield offset, data


@pytest.mark.parametrize("percent", [1, 50, 99])
@pytest.mark.parametrize("order", ["forwards", "backwards", "mixed"])
def test_half_an_upgrade_is_served_as_it_is(percent, order, jammy, lab,
                                            images, work, pibootfs):
    """Nothing hangs, nothing crashes, no file is what the disk has not."""
    live, upgraded = images / "jammy.img", work / "upgraded"
    harness.run("cp", "--sparse=always", live, upgraded)
    upgrade(disk.Fat(upgraded, jammy.offset))
    writes = list(differences(live, upgraded))
    if order == "backwards":
        writes.reverse()
    elif order == "mixed":
        random.Random(percent).shuffle(writes)
    done = len(writes) * percent // 100
    client = servers.nbd_client(lab.network, "jammy")
    for offset, data in writes[:done]:
        client.pwrite(data, offset)
    served = freshness.check_whatever_is_there(lab.network, SERIAL, live,
                                               jammy.offset)
    assert served["config.txt"]
    try:
        loader.load(lab.network, SERIAL, lab.logs / "half")
    except loader.NotLoaded:
        pass
    assert pibootfs.is_alive()
    for offset, data in writes[done:]:
        client.pwrite(data, offset)
    client.shutdown()
    expect_fresh(lab, digests(disk.Fat(live, jammy.offset)), "pi3", "whole")


# Several boards

@pytest.fixture
def noble(images):
    """A second disk, for a board that asks by its address, and for all
    others."""
    boot = make_disk(images / "noble.img", 5)
    (images / MAC).symlink_to("noble.img")
    return boot


@pytest.fixture
def two_disks(jammy, noble, images, network, pibootfs, logs):
    exports = {name: images / f"{name}.img" for name in ("jammy", "noble")}
    with Lab(network, pibootfs.path, exports, logs) as made:
        yield made


# The serial number, the directory that is asked for, how, whose disk it is.
BOARDS = [(SERIAL, SERIAL, {"model": "pi3"}, "jammy"),
          ("1a2b3c4d", MAC, {"model": "pi4", "mac": MAC}, "noble"),
          ("0badcafe", "0badcafe", {"model": "pi5"}, "jammy")]


def load_all(lab, name):
    """All boards boot at once; what each has loaded."""
    def load_one(index):
        serial, prefix, how, _ = BOARDS[index]
        return loader.load(lab.network, serial, lab.logs / f"{name}-{index}",
                           **how).files(prefix)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(load_one, range(len(BOARDS))))


def test_three_boards_get_the_disk_that_is_theirs(jammy, noble, two_disks,
                                                  client_disk):
    """By serial number, by address and by default; two disks, both live."""
    fats = {"jammy": client_disk("jammy", jammy.offset),
            "noble": client_disk("noble", noble.offset)}
    for name, version in ((None, 0), ("noble", 6), ("jammy", 7)):
        if name:
            upgrade(fats[name], version)
        written = {name: digests(fat) for name, fat in fats.items()}
        loaded = load_all(two_disks, f"version-{version}")
        for (_, _, _, owner), files in zip(BOARDS, loaded):
            freshness.compare(written[owner], files)
            assert any(name in files for name in KERNELS)


def test_unknown_board_gets_nothing_and_is_named(lab, images, pibootfs):
    (images / "default").unlink()
    with pytest.raises(loader.NotLoaded, match="not found"):
        loader.load(lab.network, "10000000deadbeef", lab.logs / "unknown",
                    "pi4")
    pibootfs.wait_log("board deadbeef asks for its files")
    loader.load(lab.network, SERIAL, lab.logs / "known", "pi4")
