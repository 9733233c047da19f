# SPDX-License-Identifier: BSD-2-Clause
"""Stock TFTP servers over the mount: what a booting Pi asks for, and gets."""

import os
import pwd

import pytest

import disk
import fatwrite
import harness
import servers
import tftpclient
from disk import MIB
from payload import Payload

KERNEL = Payload("kernel8.img", lambda version: 300_000 + 1000 * version)
SIZES = (1, 511, 512, 513, 1023, 1024, 1468, 1469, 65_536, 100_001)
SERIAL = "89025d75"


@pytest.fixture
def network():
    with servers.Network() as made:
        yield made


def make_image(images, files):
    return disk.boot_image(images / "jammy.img", files, size=8 * MIB,
                           cluster=1024)


@pytest.fixture
def boot(images):
    """jammy.img with a board's link; returns its boot volume."""
    (images / SERIAL).symlink_to("jammy.img")
    return make_image(images, {"config.txt": b"arm_64bit=1\n",
                               "kernel8.img": KERNEL.content(1)})


@pytest.fixture
def tree(boot, mount):
    return mount().path


@pytest.fixture
def dnsmasq(network, tree):
    with servers.dnsmasq(network, tree) as server:
        yield server


def refusal(network, path):
    """The error with which a transfer of `path` ends."""
    with pytest.raises(tftpclient.TftpError) as caught:
        tftpclient.fetch(network, path, tsize=0, blksize=1468)
    return caught.value


# Whole files

@pytest.mark.parametrize("blksize", [512, 1024, 1468])
def test_files_of_all_sizes_arrive_whole(blksize, work, images, network,
                                         mount):
    volume = make_image(images, {})
    contents = {size: os.urandom(size) for size in SIZES}
    for size, data in contents.items():
        volume.write(f"f{size}", data)
    with servers.dnsmasq(network, mount().path):
        for size, data in contents.items():
            target = work / "out"
            target.unlink(missing_ok=True)
            servers.curl(network, f"jammy/f{size}", target, blksize)
            assert target.read_bytes() == data, f"{size} bytes"


@pytest.mark.parametrize("options", [{}, {"tsize": 0, "blksize": 1468}])
def test_empty_file_arrives_empty(options, boot, network, dnsmasq):
    """Not by curl, which takes a tsize of 0 for an error."""
    boot.write("ssh")
    with tftpclient.Transfer(network, "jammy/ssh", **options) as transfer:
        assert int(transfer.options.get("tsize", 0)) == 0
        assert transfer.rest() == b""


def test_size_probe_and_early_terminate_then_whole_file(network, dnsmasq):
    """The way of every Pi boot loader: look at the size, leave, come back."""
    probe = tftpclient.Transfer(network, f"{SERIAL}/kernel8.img", tsize=0,
                                blksize=1468)
    assert probe.tsize == KERNEL.size_of(1)
    assert probe.blksize == 1468
    probe.early_terminate()
    dnsmasq.wait_log("Early terminate")
    assert KERNEL.version_of(tftpclient.fetch(
        network, f"{SERIAL}/kernel8.img", tsize=0, blksize=1468)) == 1


def test_request_without_options_is_served(network, dnsmasq):
    """A Pi 3's mask ROM sends none."""
    assert tftpclient.fetch(network, f"{SERIAL}/kernel8.img") == \
        KERNEL.content(1)


@pytest.mark.parametrize("path", [
    f"{SERIAL}//config.txt", f"/{SERIAL}/config.txt", f"{SERIAL}/CONFIG.TXT",
    f"{SERIAL}///config.txt", "jammy/config.txt"])
def test_path_is_found_as_boot_loaders_write_it(path, network, dnsmasq):
    assert tftpclient.fetch(network, path) == b"arm_64bit=1\n"


def test_tftp_hpa_client_gets_the_file(work, network, dnsmasq):
    network.run("tftp", "-m", "binary", "127.0.0.1", "-c", "get",
                f"{SERIAL}/kernel8.img", work / "out")
    assert KERNEL.version_of((work / "out").read_bytes()) == 1


# What is not there

@pytest.mark.parametrize("path", [
    f"{SERIAL}/recovery.elf", "deadbeef/start4.elf", "config.txt",
    "bootcode.bin", f"{SERIAL}/no/such/directory",
    "dc-a6-32-01-36-c2/config.txt"])
def test_missing_file_is_not_found(path, network, dnsmasq):
    assert refusal(network, path).code == tftpclient.NOT_FOUND


def test_broken_file_is_refused_before_the_first_byte(images, boot, network,
                                                      dnsmasq):
    """Never a prefix, and the other files are served as before."""
    raw = fatwrite.Writer(images / "jammy.img", boot.offset)
    chain = raw.chain(raw.find("kernel8.img").first_cluster)
    raw.fat_put(chain[len(chain) // 2], 0)
    with pytest.raises(tftpclient.TftpError) as caught:
        tftpclient.Transfer(network, f"{SERIAL}/kernel8.img", blksize=1468)
    assert caught.value.code != tftpclient.NOT_FOUND
    assert tftpclient.fetch(network, f"{SERIAL}/config.txt") == \
        b"arm_64bit=1\n"


# Changes under a running server

def test_change_arrives_without_a_restart(boot, network, dnsmasq):
    for version in range(1, 6):
        assert KERNEL.version_of(tftpclient.fetch(
            network, f"{SERIAL}/kernel8.img", blksize=1468)) == version
        boot.write("kernel8.img", KERNEL.content(version + 1))


def test_stalled_transfer_does_not_leak_into_a_new_one(boot, network,
                                                       dnsmasq):
    """A Pi reset in the middle of its download gets the new kernel."""
    assert tftpclient.fetch(network, f"{SERIAL}/kernel8.img")
    with tftpclient.Transfer(network, f"{SERIAL}/kernel8.img", tsize=0,
                             blksize=1468) as stalled:
        first = stalled.next_block()
        boot.write("kernel8.img", KERNEL.content(2))
        with tftpclient.Transfer(network, f"{SERIAL}/kernel8.img", tsize=0,
                                 blksize=1468) as fresh:
            assert fresh.tsize == KERNEL.size_of(2)
            assert KERNEL.version_of(fresh.rest()) == 2
        assert KERNEL.version_of(first + stalled.rest()) == 1


def test_control_plain_directory_leaks_a_stalled_transfer(work, network):
    """dnsmasq shares a running transfer's file by device, inode and name.

    So with a stable inode the stalled transfer's size is the new one's too.
    """
    root = work / "plain"
    root.mkdir()
    (root / "kernel8.img").write_bytes(KERNEL.content(1))
    with servers.dnsmasq(network, root), \
            tftpclient.Transfer(network, "kernel8.img", tsize=0,
                                blksize=1468) as stalled:
        stalled.next_block()
        (root / "kernel8.img").write_bytes(KERNEL.content(2))
        with tftpclient.Transfer(network, "kernel8.img", tsize=0,
                                 blksize=1468) as fresh:
            assert fresh.tsize == KERNEL.size_of(1)


def test_transfers_of_one_version_side_by_side_are_whole(network, dnsmasq):
    """Sharing is good where nothing has changed."""
    running = [tftpclient.Transfer(network, f"{SERIAL}/kernel8.img",
                                   blksize=1468) for _ in range(4)]
    received = [b""] * len(running)
    while not all(transfer.done for transfer in running):
        for number, transfer in enumerate(running):
            if not transfer.done:
                received[number] += transfer.next_block()
    assert [KERNEL.version_of(data) for data in received] == [1] * 4
    for transfer in running:
        transfer.close()


def test_server_outlives_a_remount(boot, network, mount):
    """dnsmasq opens every path afresh, so only the mount is restarted."""
    daemon = mount()
    with servers.dnsmasq(network, daemon.path):
        assert tftpclient.fetch(network, "jammy/config.txt")
        daemon.stop()
        assert refusal(network, "jammy/config.txt").code == \
            tftpclient.NOT_FOUND
        mount()
        assert tftpclient.fetch(network, "jammy/config.txt")


# Who may read

def test_dnsmasq_as_its_own_user_reads_the_tree(network, tree):
    with servers.dnsmasq(network, tree, user="dnsmasq") as server:
        # it binds its port as root
        harness.eventually(
            lambda: os.stat(f"/proc/{server.pid}").st_uid
            == pwd.getpwnam("dnsmasq").pw_uid, what="another user")
        assert KERNEL.version_of(tftpclient.fetch(
            network, f"{SERIAL}/kernel8.img", blksize=1468)) == 1


def test_tftp_secure_works_with_the_uid_option(boot, network, mount):
    """--tftp-secure serves only files that belong to dnsmasq's user."""
    uid = pwd.getpwnam("dnsmasq").pw_uid
    tree = mount(f"uid={uid}").path
    with servers.dnsmasq(network, tree, "--tftp-secure", user="dnsmasq"):
        assert tftpclient.fetch(network, "jammy/config.txt") == \
            b"arm_64bit=1\n"


# The other stock server

@pytest.fixture
def _tftpd_hpa(network, work):
    """One that answers. That of Debian 13 may not: it asks for a socket of
    no address family."""
    (work / "plain").mkdir()
    (work / "plain/file").write_bytes(b"plain")
    with servers.tftpd_hpa(network, work / "plain"):
        try:
            assert tftpclient.fetch(network, "file") == b"plain"
        except TimeoutError:
            pytest.skip("tftpd-hpa does not answer, for a plain directory")


@pytest.mark.usefixtures("_tftpd_hpa")
def test_tftpd_hpa_serves_the_tree(boot, network, tree):
    with servers.tftpd_hpa(network, tree):
        for version in (1, 2):
            assert KERNEL.version_of(tftpclient.fetch(
                network, f"{SERIAL}/kernel8.img", tsize=0,
                blksize=1468)) == version
            boot.write("kernel8.img", KERNEL.content(version + 1))
        assert tftpclient.fetch(network, f"{SERIAL}//config.txt") == \
            b"arm_64bit=1\n"
        assert refusal(network, f"{SERIAL}/recovery.elf").code == \
            tftpclient.NOT_FOUND
