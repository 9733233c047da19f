# SPDX-License-Identifier: BSD-2-Clause
"""The lines for dnsmasq among the other files that dnsmasq reads: it starts
with all of them together."""

import pytest

import harness
from prep_fixture import image, work  # noqa: F401
from prep_lan import Lan, dnsmasq
from prep_samples import small
from prep_texts import DNSMASQ
from preptool import NBD, prep, refused, said, state

BLOCK = DNSMASQ.format(root="/srv/tftp")


@pytest.fixture
def conf_d(work):
    """A directory of configurations; a dnsmasq.conf beside it reads it."""
    (work / "dnsmasq.d").mkdir()
    (work / "dnsmasq.conf").write_text(f"conf-dir={work / 'dnsmasq.d'}\n")
    return work / "dnsmasq.d"


def write(conf, image, *words):
    (image.parent.parent / "tftp").mkdir(exist_ok=True)
    return prep(*NBD, "--tftp-root", image.parent.parent / "tftp",
                "--dnsmasq-conf", conf, "--nbd-conf",
                image.parent.parent / "unused", *words, image)


def assert_starts(conf_d):
    with Lan() as lan, dnsmasq(lan.server,
                               conf_d.with_name("dnsmasq.conf")) as server:
        server.wait_log("TFTP root is .*/tftp")


# Two images


def test_a_second_image_needs_no_second_file(image, images, conf_d):
    small(images / "noble.img")
    write(conf_d / "jammy.conf", image)
    result = write(conf_d / "noble.conf", images / "noble.img")
    assert str(conf_d / "jammy.conf") in said(result)
    assert not (conf_d / "noble.conf").exists()
    assert_starts(conf_d)


def test_what_else_is_in_the_second_file_stays(image, conf_d):
    write(conf_d / "a.conf", image)
    (conf_d / "b.conf").write_text("log-dhcp\n")
    write(conf_d / "b.conf", image)
    assert (conf_d / "b.conf").read_text() == "log-dhcp\n"


def test_lines_with_other_values_are_changed_in_their_own_file(
        image, work, conf_d):
    write(conf_d / "jammy.conf", image)
    before = state(work)
    errors = refused(*NBD, "--dnsmasq-conf", conf_d / "noble.conf",
                     "--tftp-root", "/srv/boot", image,
                     says="dnsmasq.d/jammy.conf")
    assert state(work) == before
    assert errors.rstrip().endswith(f"--dnsmasq-conf {conf_d / 'jammy.conf'}")
    prep(*NBD, "--dnsmasq-conf", conf_d / "jammy.conf", "--tftp-root",
         "/srv/boot", image)
    assert "tftp-root=/srv/boot\n" in (conf_d / "jammy.conf").read_text()


def test_lines_that_are_in_two_files_are_refused(image, work, conf_d):
    for name in ("a.conf", "b.conf"):
        (conf_d / name).write_text(BLOCK)
    before = state(work)
    refused(*NBD, "--dnsmasq-conf", conf_d / "b.conf", image,
            says="(?s)b.conf.*a.conf.*remove")
    assert state(work) == before


def test_the_same_file_by_a_link_is_no_other_one(image, conf_d):
    write(conf_d / "a.conf", image)
    (conf_d / "b.conf").symlink_to("a.conf")
    write(conf_d / "a.conf", image, "--dns")
    assert "port=0" not in (conf_d / "a.conf").read_text()


# What boards would get


@pytest.mark.parametrize("name", (
    "dnsmasq.conf", "dnsmasq.d/other", "dnsmasq.d/jammy.conf"))
def test_another_directory_for_tftp_is_refused(name, image, work, conf_d):
    """dnsmasq would serve one of them, and that may be the stale copy."""
    (work / name).write_text(f"conf-dir={conf_d}\nenable-tftp\n"
                             "tftp-root=/tftpboot/ # by hand\n")
    before = state(work)
    refused(*NBD, "--dnsmasq-conf", conf_d / "jammy.conf", image,
            says=f"{name} has \"tftp-root=/tftpboot\".*remove.*"
                 "--tftp-root /tftpboot$")
    assert state(work) == before
    prep(*NBD, "--dnsmasq-conf", conf_d / "jammy.conf", "--tftp-root",
         "/tftpboot", image)


@pytest.mark.parametrize("line", (
    "tftp-root={root}", "tftp-root = {root}/",
    'tftp-root="{root}" # "here"', "tftp-root={root} # here, and there", "tftp-root=/other,eth1", "tftp-root=",
    "#tftp-root=/other", "tftp-root=/other\ntftp-root={root}"))
def test_the_same_directory_for_tftp_may_be_said_elsewhere(line, image, work,
                                                           conf_d):
    (work / "tftp").mkdir()
    (conf_d / "a.conf").write_text(line.format(root=work / "tftp") + "\n")
    write(conf_d / "jammy.conf", image)
    if line != "tftp-root=":    # an error of dnsmasq's
        assert_starts(conf_d)


# What may be said once


@pytest.mark.parametrize("others", (
    "port=0\n", "bind-interfaces\n", "bind-dynamic\n",
    "port = 0\nbind-interfaces\ninterface=lo\n", "log-dhcp\n",
    "".join(line + "\n" for line in BLOCK.splitlines()
            if line[0] != "#" and not line.startswith("tftp-root="))))
def test_dnsmasq_starts_with_other_files(others, image, conf_d):
    (conf_d / "other").write_text(others)
    write(conf_d / "jammy.conf", image)
    assert_starts(conf_d)


def test_dnsmasq_starts_with_its_main_file(image, conf_d):
    main = conf_d.with_name("dnsmasq.conf")
    main.write_text(main.read_text() + "port=0\nbind-interfaces\n")
    write(conf_d / "jammy.conf", image)
    assert_starts(conf_d)


def test_the_main_file_is_one_among_those_of_its_directory(image, conf_d):
    (conf_d / "other").write_text("port=0\nbind-interfaces\n")
    write(conf_d.with_name("dnsmasq.conf"), image)
    assert_starts(conf_d)


def test_what_came_to_be_said_elsewhere_is_taken_out(image, conf_d):
    write(conf_d / "jammy.conf", image)
    (conf_d / "other.conf").write_text("port=0\nbind-interfaces\n")
    write(conf_d / "jammy.conf", image)
    assert_starts(conf_d)


@pytest.mark.parametrize("name, is_read", (
    ("other", True), ("other.conf", True), ("#other", True),
    ("other.conf~", False), (".other.conf", False), ("#other.conf#", False),
    ("other.dpkg-old", False)))
def test_files_that_dnsmasq_passes_over_do_not_count(name, is_read, image,
                                                     conf_d):
    (conf_d / name).write_text("port=5353\n")
    write(conf_d / "jammy.conf", image)
    assert ("port=0" in (conf_d / "jammy.conf").read_text()) != is_read


@pytest.mark.parametrize("line, is_dnsmasqs", (
    ("[generic]", False), ("PidFile none", False), ("server.name=a", False),
    ("", True), ("  # any thing", True), ("\tlog-dhcp # here", True),
    ("cache-size = 5", True), ('server=/a b/"1"', True)))
def test_files_of_other_programs_do_not_count(line, is_dnsmasqs, image,
                                              conf_d):
    """They may be anywhere; dnsmasq would not start with them."""
    other = conf_d / "other.conf"
    other.write_text(f"{line}\nport=10809\n")
    write(conf_d / "jammy.conf", image)
    assert ("port=0\n" in (conf_d / "jammy.conf").read_text()) != is_dnsmasqs


def test_directories_and_pipes_there_do_not_count(image, conf_d):
    (conf_d / "sub").mkdir()
    harness.run("mkfifo", conf_d / "pipe")
    write(conf_d / "jammy.conf", image)
    assert "port=0\n" in (conf_d / "jammy.conf").read_text()
