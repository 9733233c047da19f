# SPDX-License-Identifier: BSD-2-Clause
"""The story of test_e2e.py without a board, for every run of the tests.

What a system on a board would do to its disk is done by an NBD client: FAT is
written by mtools, power cuts are writes that stop. All else is real: servers,
mount, and what a boot ROM asks for.
"""

import os
import random
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

import disk
import fatwrite
import freshness
import harness
import loader
import servers
from freshness import Stale
from lab import MAC, SERIAL, Ended, Lab, started_at
from rom_bench import MODELS
from sample_disk import (CONFIG, KERNELS, REMOVED, digests, kernel_files,
                         make_disk, upgrade)

def expect_fresh(lab, written, model, name):
    """A boot ROM and a client that asks for all get what was written."""
    loaded = loader.load(lab.network, SERIAL, lab.logs / name, model)
    freshness.compare(written, loaded.files(SERIAL))
    freshness.check_fresh(written, lab.network, lab.tree, SERIAL)
    freshness.check_gone(lab.network, SERIAL, *REMOVED)


@pytest.fixture
def jammy(images):
    """The disk of one board, and of those that have none of their own."""
    boot = make_disk(images / "jammy.img")
    for name in (SERIAL, "default"):
        (images / name).symlink_to("jammy.img")
    return boot


@pytest.fixture
def lab(jammy, images, network, pibootfs, logs):
    with Lab(network, pibootfs.path, {"jammy": images / "jammy.img"}, logs,
             pibootfs) as made:
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
    with pytest.raises(Stale, match="nothing was loaded"):
        freshness.compare(digests(written), {})
    with pytest.raises(Stale):
        freshness.check_fresh(digests(written), stale_lab.network,
                              stale_lab.tree, SERIAL)
    with pytest.raises(Stale):
        freshness.check_gone(stale_lab.network, SERIAL, *REMOVED)
    with pytest.raises(Stale):
        freshness.check_whatever_is_there(
            stale_lab.network, SERIAL, images / "jammy.img", jammy.offset)


@pytest.mark.parametrize("server", ["nbd-server", "dnsmasq", "pibootfs"])
def test_control_server_that_was_ended_is_missed(server, lab, pibootfs):
    """As one that was started again would be."""
    assert lab.identity() == lab.identity()
    if server == "pibootfs":
        pibootfs.kill()
    else:
        os.kill(lab.pids[server], signal.SIGKILL)
    pid = lab.pids[server]
    harness.eventually(lambda: is_missed(server, pid), what="a missed server")
    with pytest.raises(Ended, match=server):
        lab.identity()


def is_missed(server, pid):
    try:
        started_at(server, pid)
    except Ended:
        return True
    return False


def test_control_process_with_a_number_used_before_is_another():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert started_at("this", os.getpid()) < started_at("cat", child.pid)


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


def break_chain(volume, entry, damage):
    """Damage a file of a volume as half a write does."""
    chain = volume.chain(entry.first_cluster)
    middle, last = chain[len(chain) // 2], chain[-1]
    if damage == "no first cluster":
        volume.set_entry(entry.offset, cluster=0)
    elif damage == "size beyond the chain":
        volume.set_entry(entry.offset, size=entry.size + 4096)
    else:
        cluster, link = {
            "free": (middle, 0), "short": (middle, 0x0fffffff),
            "loop": (middle, chain[1]), "out of range": (middle, 0x0ffffff0),
            "last is free": (last, 0)}[damage]
        volume.fat_put(cluster, link)


DAMAGES = ["no first cluster", "size beyond the chain", "free", "short",
           "loop", "out of range", "last is free"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_broken_file_is_refused_and_all_others_are_served(damage, jammy, lab,
                                                          images):
    volume = fatwrite.Writer(images / "jammy.img", jammy.offset)
    break_chain(volume, volume.find("kernel8.img"), damage)
    served = freshness.check_whatever_is_there(
        lab.network, SERIAL, images / "jammy.img", jammy.offset)
    assert [path for path in served if not served[path]] == ["kernel8.img"]


@pytest.mark.parametrize("fault, message", [
    ("refused", "kernel8.img is not .* [0-9]+ bytes: TFTP error"),
    ("served", "kernel8.img is not .* broken: served")],
    ids=["refused", "served"])
def test_control_wrong_answer_after_a_power_cut_is_found(
        fault, message, jammy, stale_lab, images):
    def check():
        freshness.check_whatever_is_there(
            stale_lab.network, SERIAL, images / "jammy.img", jammy.offset)

    check()
    if fault == "refused":
        (stale_lab.tree / SERIAL / "kernel8.img").unlink()
    else:
        volume = fatwrite.Writer(images / "jammy.img", jammy.offset)
        break_chain(volume, volume.find("kernel8.img"), "free")
    with pytest.raises(Stale, match=message):
        check()


# Several boards

@pytest.fixture
def noble(images):
    """A second disk, for a board that asks by its address."""
    boot = make_disk(images / "noble.img", 5)
    (images / MAC).symlink_to("noble.img")
    return boot


@pytest.fixture
def two_disks(jammy, noble, images, network, pibootfs, logs):
    exports = {name: images / f"{name}.img" for name in ("jammy", "noble")}
    with Lab(network, pibootfs.path, exports, logs, pibootfs) as made:
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
    with pytest.raises(loader.NotLoaded, match=(
            r"(?m)^deadbeef/start4\.elf \(.*\): not found$")):
        loader.load(lab.network, "10000000deadbeef", lab.logs / "unknown",
                    "pi4")
    pibootfs.wait_log("board deadbeef asks for its files")
    loader.load(lab.network, SERIAL, lab.logs / "known", "pi4")
