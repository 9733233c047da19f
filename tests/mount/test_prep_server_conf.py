# SPDX-License-Identifier: BSD-2-Clause
"""The configurations for nbd-server and dnsmasq: what is in them, what of
other people's stays, and that both programs accept them."""

import filecmp
import os

import pytest

import harness
from prep_fixture import image, work  # noqa: F401
from prep_lan import Lan, NbdServer, dnsmasq
from prep_samples import small
from prep_texts import DNSMASQ, EXPORT
from preptool import (HOST, NBD, USAGE, names, prep, refused, state)

LAB = "# the lab's disk\n[lab]\nexportname = /dev/vg0/lab\nreadonly = true\n"
OTHERS = "# the lab's\nlog-dhcp\ndhcp-host=dc:a6:32:01:36:c2,cluster1\n"


@pytest.fixture
def nbd_conf(work):
    return work / "nbd.conf"


@pytest.fixture
def dnsmasq_conf(work):
    return work / "dnsmasq.conf"


def block(root="/srv/tftp", **changed):
    """The lines for dnsmasq, with other ones or without some."""
    text = DNSMASQ.format(root=root)
    for key, line in changed.items():
        key = key.replace("_", "-")
        lines = [line if old.startswith(key) else old
                 for old in text.splitlines()]
        text = "\n".join(filter(None, lines)) + "\n"
    return text


def write_nbd(nbd_conf, image, *words):
    prep(*NBD, "--nbd-conf", nbd_conf, "--dnsmasq-conf",
         nbd_conf.with_name("unused"), *words, image)
    return nbd_conf.read_text()


def write_dnsmasq(dnsmasq_conf, image, *words, **options):
    words = words or NBD
    if "--nbd-host" not in words:
        words = ("--nbd-host", HOST, *words)
    prep(*words, "--dnsmasq-conf", dnsmasq_conf, "--nbd-conf",
         dnsmasq_conf.with_name("unused"), image, **options)
    return dnsmasq_conf.read_text()


# nbd-server


def test_the_export_is_the_image_by_its_whole_path(image, nbd_conf,
                                                   monkeypatch):
    monkeypatch.chdir(image.parent)
    assert write_nbd(nbd_conf, image.name) == EXPORT.format(path=image)


def test_the_export_of_a_boards_link_is_the_image(image, nbd_conf):
    os.symlink("jammy.img", image.parent / "89025d75")
    assert write_nbd(nbd_conf, image.parent / "89025d75") == \
        EXPORT.format(path=image)


def test_the_export_has_the_name_that_is_given(image, nbd_conf):
    assert write_nbd(nbd_conf, image, *NBD, "--nbd-name", "lab-3") == \
        EXPORT.replace("[jammy]", "[lab-3]").format(path=image)


def test_other_exports_in_the_file_stay(image, nbd_conf):
    nbd_conf.write_text(LAB)
    assert write_nbd(nbd_conf, image) == \
        LAB + "\n" + EXPORT.format(path=image)


def test_the_export_is_changed_where_it_is(image, nbd_conf):
    old = EXPORT.format(path="/old/place.img").replace(
        "trim = true", "trim = false\nmaxconnections = 1")
    nbd_conf.write_text(old + "\n" + LAB)
    assert write_nbd(nbd_conf, image, "--force") == \
        old.replace("/old/place.img", str(image)) + "\n" + LAB


def test_a_configuration_keeps_its_owner_and_mode(image, nbd_conf):
    nbd_conf.write_text(LAB)
    os.chown(nbd_conf, 65534, 65534)
    nbd_conf.chmod(0o640)
    write_nbd(nbd_conf, image)
    status = nbd_conf.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (
        65534, 65534, 0o640)


def test_a_configuration_that_is_a_link_stays_one(image, nbd_conf, work):
    (work / "real.conf").write_text(LAB)
    nbd_conf.symlink_to("real.conf")
    text = write_nbd(nbd_conf, image)
    assert nbd_conf.is_symlink()
    assert (work / "real.conf").read_text() == text


def test_a_configuration_is_replaced_as_a_whole(image, nbd_conf):
    """Who has it open goes on reading the old one."""
    nbd_conf.write_text(LAB)
    with nbd_conf.open() as old:
        write_nbd(nbd_conf, image)
        assert old.read() == LAB
    assert [name for name in names(nbd_conf.parent)
            if name.startswith(".")] == []


def test_a_configuration_is_written_without_a_host_too(image, nbd_conf):
    """The export does not depend on it."""
    prep("--nbd-conf", nbd_conf, image)
    assert nbd_conf.read_text() == EXPORT.format(path=image)


def test_nbd_server_serves_all_exports_of_the_file(image, work):
    (work / "conf.d").mkdir()
    (work / "lab.img").write_bytes(bytes(1 << 20))
    (work / "conf.d/all.conf").write_text(
        f"[lab]\nexportname = {work / 'lab.img'}\n")
    write_nbd(work / "conf.d/all.conf", image)
    with Lan() as lan, NbdServer(lan.server, work / "conf.d", work):
        listed = lan.board.run("nbdinfo", "--list",
                               f"nbd://{HOST}").stdout
        assert 'export="jammy"' in listed and 'export="lab"' in listed


def test_nbd_server_serves_an_image_of_an_odd_name(images, work):
    image = images / "Größe – 1 [x] #2;.img"
    small(images / "plain.img")
    (images / "plain.img").rename(image)
    (work / "conf.d").mkdir()
    prep(*NBD, "--nbd-name", "odd", "--nbd-conf", work / "conf.d/odd.conf",
         image)
    with Lan() as lan, NbdServer(lan.server, work / "conf.d", work):
        # Read, not asked for its size: nbd-server 3.26 says 0 to nbdinfo.
        lan.board.run("nbdcopy", f"nbd://{HOST}/odd", work / "copy")
    assert filecmp.cmp(work / "copy", image, shallow=False)


@pytest.mark.parametrize("name", ("a b", "a/b", "a,b", "a:b", "[a]", "",
                                  "generic", "ä"))
def test_a_name_that_no_board_can_ask_for_is_refused(name, image, nbd_conf):
    before = state(image)
    refused(*NBD, "--nbd-name", name, "--nbd-conf", nbd_conf, image,
            says="(?i)name|export", status=(USAGE, 2))
    assert state(image) == before
    assert not nbd_conf.exists()


# dnsmasq


def test_tftp_and_proxy_dhcp_are_told(image, dnsmasq_conf):
    assert write_dnsmasq(dnsmasq_conf, image) == block()


def test_what_else_is_in_the_file_stays(image, dnsmasq_conf):
    dnsmasq_conf.write_text(OTHERS)
    first = write_dnsmasq(dnsmasq_conf, image)
    assert first == OTHERS + block()
    dnsmasq_conf.write_text(first + "# below\n")
    assert write_dnsmasq(dnsmasq_conf, image, *NBD, "--tftp-root",
                         "/srv/boot") == \
        OTHERS + block("/srv/boot") + "# below\n"


def test_dns_is_left_to_others_when_told(image, dnsmasq_conf):
    assert write_dnsmasq(dnsmasq_conf, image, *NBD, "--dns") == \
        block(port="")


def test_the_root_is_the_one_that_is_given(image, dnsmasq_conf):
    assert write_dnsmasq(dnsmasq_conf, image, *NBD, "--tftp-root",
                         "/srv/boot") == block("/srv/boot")


def test_interface_and_subnet_are_those_that_are_given(image, dnsmasq_conf):
    text = write_dnsmasq(dnsmasq_conf, image, "--interface", "lan0",
                         "--subnet", "10.3.0.0/22")
    assert "interface=lan0\n" in text
    assert "dhcp-range=10.3.0.0,proxy,255.255.252.0\n" in text


def test_interface_and_subnet_are_those_of_the_host(image, dnsmasq_conf):
    with Lan() as lan:
        text = write_dnsmasq(dnsmasq_conf, image, "--nbd-host", HOST,
                             wrapper=lan.server.inside())
    assert "interface=eth0\n" in text
    assert "dhcp-range=192.168.1.0,proxy" in text


def test_the_interface_is_that_of_the_network_with_another_server(
        image, dnsmasq_conf):
    """The NBD server need not be this machine."""
    with Lan() as lan:
        text = write_dnsmasq(dnsmasq_conf, image, "--nbd-host",
                             "192.168.1.99", wrapper=lan.server.inside())
    assert "interface=eth0\n" in text


def test_the_subnet_is_that_of_the_interface_that_is_given(image,
                                                          dnsmasq_conf):
    with Lan() as lan:
        text = write_dnsmasq(dnsmasq_conf, image, "--nbd-host", "10.9.9.9",
                             "--interface", "eth0",
                             wrapper=lan.server.inside())
    assert "interface=eth0\n" in text
    assert "dhcp-range=192.168.1.0,proxy" in text


@pytest.mark.parametrize("words", (
    ("--subnet", "192.168.1"), ("--subnet", "192.168.1.0/33"),
    ("--subnet", "lan"), ("--interface", "a b"), ("--interface", ""),
    ("--tftp-root", "relative")))
def test_what_dnsmasq_would_not_understand_is_refused(words, image,
                                                      dnsmasq_conf):
    before = state(image)
    refused(*NBD, *words, "--dnsmasq-conf", dnsmasq_conf, image,
            says="subnet|interface|slash", status=USAGE)
    assert state(image) == before
    assert not dnsmasq_conf.exists()


@pytest.mark.parametrize("others", ("", OTHERS, "bind-interfaces\nport=0\n"))
@pytest.mark.parametrize("root", ("tftp", "with blank", "a,b #c"))
def test_dnsmasq_accepts_it(others, root, image, dnsmasq_conf, work):
    (work / root).mkdir()
    dnsmasq_conf.write_text(others)
    write_dnsmasq(dnsmasq_conf, image, *NBD, "--tftp-root", work / root)
    harness.run("dnsmasq", "--test", f"--conf-file={dnsmasq_conf}")
    with Lan() as lan, dnsmasq(lan.server, dnsmasq_conf) as server:
        assert f"TFTP root is {work / root}" in server.wait_log(
            "TFTP root is .*").group()


def test_a_block_that_somebody_has_spoilt_is_left_alone(image, dnsmasq_conf):
    dnsmasq_conf.write_text(block().replace("# pibootfs: end\n", ""))
    before = state(image.parent, dnsmasq_conf)
    refused(*NBD, "--dnsmasq-conf", dnsmasq_conf, image, says="dnsmasq.conf")
    assert state(image.parent, dnsmasq_conf) == before


def test_one_that_cannot_be_written_leaves_all_as_before(image, work):
    """The image and the other configuration, too."""
    before = state(work)
    refused(*NBD, "--nbd-conf", work / "nbd.conf", "--dnsmasq-conf",
            work / "nowhere/dnsmasq.conf", image, says="nowhere")
    assert state(work) == before


def test_one_that_is_a_directory_leaves_all_as_before(image, work):
    (work / "conf.d").mkdir()
    before = state(work)
    refused(*NBD, "--nbd-conf", work / "conf.d", image, says="conf.d",
            status=(USAGE, 2))
    assert state(work) == before
