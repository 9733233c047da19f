# SPDX-License-Identifier: BSD-2-Clause
"""From a download to a board: one command, then the real servers on what it
has written."""

import contextlib

import pytest

import servers
import tftpclient
from prep_initrd import initramfs_tools
from prep_lan import Lan, NbdServer, dnsmasq, offer
from prep_samples import JAMMY_KERNEL, jammy_files, packed
from prep_texts import (DNSMASQ, EXPORT, PREPARED_CMDLINE, PREPARED_USER_DATA)
from preptool import (HOST, assert_sound, boot_files, names, prep,
                      said)

BOARD = "89025d75"
GIB = 1 << 30
INITRD = initramfs_tools(JAMMY_KERNEL)


@pytest.fixture
def lan():
    with Lan() as made:
        yield made


class Server:
    """What the one command makes of a server's directories."""

    def __init__(self, work, images, mountpoint, lan):
        self.images, self.root = images, mountpoint
        self.conf_d = work / "conf.d"
        self.image = self.images / "jammy.img"
        self.dnsmasq = work / "dnsmasq.conf"
        self.nbd = self.conf_d / "jammy.conf"
        self.conf_d.mkdir()
        (work / "initrd.img").write_bytes(INITRD)
        self.words = ("--name", "jammy", "--size", "8G", "--nbd-host", HOST,
                      "--serial", "1000000089025d75",
                      "--copy", work / "initrd.img",
                      "--tftp-root", self.root)
        self.confs = ("--nbd-conf", self.nbd, "--dnsmasq-conf", self.dnsmasq)
        self.source = packed("jammy", ".xz")
        self.run = lan.prep


@pytest.fixture
def server(work, images, mountpoint, lan):
    return Server(work, images, mountpoint, lan)


@pytest.fixture
def prepared(server):
    server.run(*server.words, *server.confs, server.source, server.images)
    return server


# What is there


def test_the_image_is_there_under_its_name_and_nothing_else_but_the_link(
        prepared):
    assert names(prepared.images) == [BOARD, "jammy.img"]
    assert (prepared.images / BOARD).readlink().name == "jammy.img"
    assert (prepared.images / BOARD).samefile(prepared.image)


def test_the_disk_has_the_size_that_was_asked_for_and_stays_sparse(prepared):
    status = prepared.image.stat()
    assert status.st_size == 8 * GIB
    assert status.st_blocks * 512 < 16 << 20


def test_the_boot_partition_has_three_new_files_and_the_old_ones(prepared):
    assert boot_files(prepared.image) == {
        **jammy_files(), "cmdline.txt": PREPARED_CMDLINE["jammy"],
        "user-data": PREPARED_USER_DATA["jammy"], "initrd.img": INITRD}
    assert_sound(prepared.image)


def test_both_configurations_are_written(prepared):
    assert prepared.nbd.read_text() == EXPORT.format(path=prepared.image)
    assert prepared.dnsmasq.read_text() == DNSMASQ.replace(
        ",255.255.255.0", "").format(root=prepared.root)
    assert names(prepared.conf_d) == ["jammy.conf"]


def test_both_configurations_are_printed_if_no_file_is_named(server):
    output = server.run(*server.words, server.source, server.images).stdout
    assert EXPORT.format(path=server.image) in output
    assert DNSMASQ.replace(",255.255.255.0", "").format(
        root=server.root) in output


def test_nothing_is_missing_for_it_to_boot(prepared):
    prep("--check", prepared.image)


def test_it_warns_of_nothing(server):
    result = server.run(*server.words, *server.confs, server.source,
                        server.images)
    assert "warning" not in said(result)


def test_it_says_what_it_did(server):
    output = said(server.run(*server.words, *server.confs, server.source,
                             server.images))
    for word in ("jammy.img", BOARD, "cmdline.txt", "user-data",
                 server.nbd, server.dnsmasq):
        assert str(word) in output, word


# What it is there for


@contextlib.contextmanager
def booting(work, server, lan, mount):
    """All three servers, started on what was written."""
    mount("allow_other")
    with dnsmasq(lan.server, server.dnsmasq) as tftp, \
            NbdServer(lan.server, server.conf_d, work):
        yield tftp


def test_a_board_is_offered_a_boot_and_loads_its_files_by_tftp(
        work, prepared, lan, mount):
    with booting(work, prepared, lan, mount):
        answer = offer(lan)
        assert answer[60] == b"PXEClient"
        assert b"Raspberry Pi Boot" in answer[43]
        for name, data in {"cmdline.txt": PREPARED_CMDLINE["jammy"],
                           "initrd.img": INITRD,
                           "vmlinuz": jammy_files()["vmlinuz"]}.items():
            assert tftpclient.fetch(lan.board, f"{BOARD}/{name}", server=HOST,
                                    tsize=0, blksize=1024) == data


def test_a_board_has_its_root_disk_by_nbd_for_writing(work, prepared, lan,
                                                      mount):
    with booting(work, prepared, lan, mount):
        disk = servers.nbd_client(lan.server, "jammy")
        assert disk.get_size() == 8 * GIB
        assert not disk.is_read_only()
        assert disk.can_flush() and disk.can_fua() and disk.can_trim()
        disk.pwrite(b"a board was here".ljust(512, b"."), 8 * GIB - 512)
        disk.flush()
        disk.shutdown()
    with prepared.image.open("rb") as image:
        image.seek(-512, 2)
        assert image.read().startswith(b"a board was here")


def test_what_the_board_writes_by_nbd_comes_back_by_tftp(work, prepared, lan,
                                                         mount):
    """The same image behind both servers: what pibootfs is for."""
    with booting(work, prepared, lan, mount):
        disk = servers.nbd_client(lan.server, "jammy")
        config = bytes(jammy_files()["config.txt"])
        with prepared.image.open("rb") as image:
            place = image.read(16 << 20).index(config)
        disk.pwrite(bytes(disk.pread(512, place // 512 * 512)).replace(
            b"[all]", b"[ALL]", 1), place // 512 * 512)
        disk.flush()
        disk.shutdown()
        assert tftpclient.fetch(
            lan.board, f"{BOARD}/config.txt", server=HOST) == \
            config.replace(b"[all]", b"[ALL]", 1)


def test_a_second_board_of_the_image_gets_the_same(work, prepared, lan,
                                                   mount):
    prep("--serial", "8a3f0c11", prepared.image)
    assert names(prepared.images) == [BOARD, "8a3f0c11", "jammy.img"]
    with booting(work, prepared, lan, mount):
        assert tftpclient.fetch(
            lan.board, "8a3f0c11/cmdline.txt", server=HOST) == \
            PREPARED_CMDLINE["jammy"]
