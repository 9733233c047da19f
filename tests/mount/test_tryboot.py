# SPDX-License-Identifier: BSD-2-Clause
"""tryboot.txt, for boards that over the network do not learn to do without."""

import errno
import os
import time

import pytest

import disk
import fatwrite
import servers
import tftpclient
from disk import MIB, Part
from tree import expect_error, names

AUTOBOOT = b"[all]\ntryboot_a_b=1\n"    # as in Ubuntu since 25.10
CONFIG = b"[all]\nos_prefix=current/\n[tryboot]\nos_prefix=new/\n"


@pytest.fixture
def make(images):
    """Makes pi.img with these files on one partition; returns its volume."""
    def make_image(**files):
        return disk.boot_image(
            images / "pi.img", {"config.txt": CONFIG, "autoboot.txt": AUTOBOOT}
            | {f"{name}.txt": data for name, data in files.items()},
            size=8 * MIB, cluster=1024)
    return make_image


def absent(path):
    expect_error(errno.ENOENT, os.stat, path)


@pytest.mark.parametrize("asked", ("tryboot.txt", "TRYBOOT.TXT", "TryBoot.txt",
                                   "tryboot.txt."))
@pytest.mark.parametrize("options", ("", "tryboot_alias=auto"))
def test_config_txt_stands_in_for_tryboot_txt(asked, options, make, mount):
    make()
    board = mount(options).path / "pi"
    assert (board / asked).read_bytes() == CONFIG
    assert os.path.samefile(board / asked, board / "config.txt")


def test_it_is_not_listed_and_is_said_once(make, mount):
    make()
    daemon = mount()
    for _ in range(2):
        assert (daemon.path / "pi/tryboot.txt").read_bytes() == CONFIG
    assert names(daemon.path / "pi") == ["autoboot.txt", "config.txt"]
    assert len(daemon.final_log_lines(r"pi\.img: .*tryboot_a_b")) == 1


def test_the_option_turns_it_off(make, mount):
    make()
    absent(mount("tryboot_alias=off").path / "pi/tryboot.txt")


def test_a_tryboot_txt_of_its_own_goes_before(make, mount):
    make(tryboot=b"own")
    assert (mount().path / "pi/tryboot.txt").read_bytes() == b"own"


@pytest.mark.parametrize("text", (
    b"", b"[all]\n", b"[all]\ntryboot_a_b=0\n", b"[none]\ntryboot_a_b=1\n",
    AUTOBOOT + b"[tryboot]\nboot_partition=2\n"))
def test_this_autoboot_txt_asks_for_no_stand_in(text, make, mount):
    make(autoboot=text)
    absent(mount().path / "pi/tryboot.txt")


@pytest.mark.parametrize("text", (
    AUTOBOOT + b"[tryboot]\nboot_partition=1\n",
    AUTOBOOT + b"boot_partition=1\n[tryboot]\nboot_partition=0\n",
    (AUTOBOOT + b"#" * 512)[:512]), ids=("the same", "none", "512 bytes"))
def test_this_autoboot_txt_asks_for_one(text, make, mount):
    make(autoboot=text)
    assert (mount().path / "pi/tryboot.txt").read_bytes() == CONFIG


def test_without_autoboot_txt_there_is_none(make, mount):
    make().remove("autoboot.txt")
    absent(mount().path / "pi/tryboot.txt")


def test_without_config_txt_there_is_none(make, mount):
    volume = make()
    volume.remove("config.txt")
    board = mount().path / "pi"
    absent(board / "tryboot.txt")
    volume.mkdir("config.txt")
    absent(board / "tryboot.txt")


def test_only_the_root_of_the_boot_partition_has_it(make, mount):
    make().write("sub/config.txt", CONFIG)
    daemon = mount()
    assert (daemon.path / "pi/tryboot.txt").exists()
    absent(daemon.path / "pi/sub/tryboot.txt")
    absent(daemon.path / "tryboot.txt")


def test_of_two_boot_partitions_the_one_not_to_be_tried_has_none(images,
                                                                 mount):
    """rpi-image-gen's: the first partition has nothing but autoboot.txt."""
    text = (b"[all]\ntryboot_a_b=1\nboot_partition=2\n"
            b"[tryboot]\nboot_partition=3\n")
    disk.partitioned(images / "pi.img", "mbr", [
        Part(files={"autoboot.txt": text}),
        *[Part(files={"config.txt": CONFIG})] * 2])
    board = mount().path / "pi"
    assert names(board) == ["config.txt"]
    absent(board / "tryboot.txt")


def settle(images):
    """Until the image's stamp vouches for it, so that answers are kept."""
    time.sleep(max(0.0, images.joinpath("pi.img").stat().st_ctime + 2.2
                   - time.time()))


@pytest.mark.parametrize("settled", (False, True))
def test_it_is_live(settled, images, make, mount):
    volume = make()
    board = mount().path / "pi"
    changes = ((lambda: None, CONFIG),
               (lambda: volume.replace("config.txt", b"new"), b"new"),
               (lambda: volume.remove("autoboot.txt"), None),
               (lambda: volume.write("autoboot.txt", AUTOBOOT), b"new"),
               (lambda: volume.write("tryboot.txt", b"own"), b"own"),
               (lambda: volume.remove("tryboot.txt"), b"new"))
    for change, wanted in changes:
        change()
        for _ in range(2):
            if settled:
                settle(images)
            if wanted is None:
                absent(board / "tryboot.txt")
            else:
                assert (board / "tryboot.txt").read_bytes() == wanted


@pytest.mark.parametrize("size, cluster", ((513, None), (40, 0x900)))
def test_a_bad_autoboot_txt_is_said_once_and_costs_tryboot_txt_only(
        size, cluster, images, mount):
    volume = fatwrite.small_volume(images / "pi.img", 12, 400)
    volume.add("", b"CONFIG  TXT", CONFIG)
    entry = volume.add("", b"AUTOBOOTTXT", AUTOBOOT.ljust(513, b"\n"))
    volume.set_entry(entry, size=size, cluster=cluster)
    daemon = mount()
    for _ in range(3):
        absent(daemon.path / "pi/tryboot.txt")
        assert (daemon.path / "pi/config.txt").read_bytes() == CONFIG
    lines = daemon.final_log_lines(r"pi\.img: tryboot\.txt: .*autoboot\.txt")
    assert len(lines) == 1, daemon.log()


def test_a_board_gets_it_over_tftp(make, mount):
    make()
    with servers.Network() as network, \
            servers.dnsmasq(network, mount().path):
        for path in ("pi//tryboot.txt", "pi/config.txt"):
            assert tftpclient.fetch(network, path, tsize=0,
                                    blksize=1468) == CONFIG
