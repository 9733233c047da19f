# SPDX-License-Identifier: BSD-2-Clause
"""Boards: whatever says which one is meant, and the links that they get."""

import os

import pytest

from prep_fixture import image, work  # noqa: F401
from prep_samples import small
from preptool import NOBODY, USAGE, digest, names, prep, refused, said, state

CPUINFO = """\
processor\t: 0
BogoMIPS\t: 108.00

Hardware\t: BCM2835
Revision\t: c03112
Serial\t\t: 1000000089025d75
Model\t\t: Raspberry Pi 4 Model B Rev 1.2
"""


def links(images):
    """{link: what it leads to}"""
    return {name: os.readlink(images / name) for name in names(images)
            if (images / name).is_symlink()}


@pytest.mark.parametrize("serial", (
    "89025d75", "1000000089025d75", "0000000089025d75", "89025D75",
    "1000000089025D75", "Serial\t\t: 1000000089025d75", "Serial: 89025d75",
    "Serial : 1000000089025d75\n"))
def test_a_board_is_linked_by_its_serial_number(serial, image, images):
    before = digest(image)
    prep("--serial", serial, image)
    assert links(images) == {"89025d75": "jammy.img"}
    assert digest(image) == before


@pytest.mark.parametrize("text", (
    CPUINFO, "Serial\t\t: 1000000089025d75\n", "1000000089025d75\n"))
def test_the_serial_number_may_be_in_a_file(text, image, images, work):
    (work / "pi-ident.txt").write_text(text)
    prep("--serial", work / "pi-ident.txt", image)
    assert links(images) == {"89025d75": "jammy.img"}


@pytest.mark.parametrize("address", (
    "dc:a6:32:01:36:c2", "DC:A6:32:01:36:C2", "dc-a6-32-01-36-c2"))
def test_a_board_is_linked_by_its_hardware_address(address, image, images):
    prep("--mac", address, image)
    assert links(images) == {"dc-a6-32-01-36-c2": "jammy.img"}


def test_several_boards_are_linked_at_once(image, images):
    prep("--serial", "89025d75", "--serial", "8a3f0c11", "--mac",
         "dc:a6:32:01:36:c2", "--mac", "dc:a6:32:01:36:c3", image)
    assert links(images) == dict.fromkeys(
        ("89025d75", "8a3f0c11", "dc-a6-32-01-36-c2", "dc-a6-32-01-36-c3"),
        "jammy.img")


def test_a_board_that_is_named_twice_has_one_link(image, images):
    prep("--serial", "89025d75", "--serial", "1000000089025D75", image)
    assert links(images) == {"89025d75": "jammy.img"}


def test_a_link_that_is_there_stays_as_it_is(image, images):
    os.symlink(image, images / "89025d75")     # by its whole path
    before = state(images)
    prep("--serial", "89025d75", image)
    assert state(images) == before


@pytest.mark.parametrize("spelling", ("1000000089025d75", "89025D75",
                                      "1000000089025D75"))
def test_an_equal_link_in_another_spelling_is_enough(spelling, image, images):
    os.symlink("jammy.img", images / spelling)
    prep("--serial", "89025d75", image)
    assert links(images) == {spelling: "jammy.img"}


@pytest.mark.parametrize("spelling", ("1000000089025d75", "89025D75"))
def test_a_link_in_another_spelling_to_another_image_is_a_conflict(
        spelling, image, images):
    small(images / "noble.img")
    os.symlink("noble.img", images / spelling)
    before = state(images)
    refused("--serial", "89025d75", image, says=spelling)
    assert state(images) == before


def test_a_board_is_not_taken_away_from_another_image(image, images):
    small(images / "noble.img")
    os.symlink("noble.img", images / "89025d75")
    before = state(images)
    errors = refused("--serial", "89025d75", image, says="--force")
    assert "89025d75" in errors and "noble.img" in errors
    assert state(images) == before


@pytest.mark.parametrize("force", ("-f", "--force"))
def test_force_takes_it_away(force, image, images):
    small(images / "noble.img")
    os.symlink("noble.img", images / "89025d75")
    before = digest(images / "noble.img")
    prep(force, "--serial", "89025d75", image)
    assert links(images) == {"89025d75": "jammy.img"}
    assert digest(images / "noble.img") == before


def test_a_board_that_cannot_be_had_leaves_all_as_it_was(image, images):
    """None of the others is linked, and the image is not edited."""
    small(images / "noble.img")
    os.symlink("noble.img", images / "89025d75")
    before = state(images)
    refused("--nbd-host", "192.168.1.10", "--subnet", "192.168.1.0/24",
            "--serial", "00000001", "--serial", "89025d75", "--serial",
            "00000002", image, says="89025d75")
    assert state(images) == before


def test_a_link_to_nothing_is_a_conflict_too(image, images):
    os.symlink("gone.img", images / "89025d75")
    refused("--serial", "89025d75", image, says="89025d75")
    prep("--force", "--serial", "89025d75", image)
    assert links(images) == {"89025d75": "jammy.img"}


@pytest.mark.parametrize("force", ((), ("--force",)))
def test_what_is_no_link_is_never_replaced(force, image, images):
    (images / "89025d75").write_text("notes")
    before = state(images)
    refused(*force, "--serial", "89025d75", image, says="89025d75")
    assert state(images) == before


def test_an_image_that_is_kept_elsewhere_has_its_boards_where_it_is_linked(
        images, work):
    """An image directory may be all links."""
    (work / "store").mkdir()
    small(work / "store/disk.raw")
    os.symlink("../store/disk.raw", images / "jammy.img")
    prep("--serial", "89025d75", images / "jammy.img")
    assert links(images) == {"89025d75": "jammy.img",
                             "jammy.img": "../store/disk.raw"}
    assert names(work / "store") == ["disk.raw"]


def test_a_board_of_the_image_can_stand_for_it(image, images):
    os.symlink("jammy.img", images / "89025d75")
    prep("--serial", "8a3f0c11", images / "89025d75")
    assert links(images) == {"89025d75": "jammy.img",
                             "8a3f0c11": "jammy.img"}


def test_a_path_without_directory_works(image, images, monkeypatch):
    monkeypatch.chdir(images)
    prep("--serial", "8a3f0c11", "jammy.img")
    assert links(images) == {"8a3f0c11": "jammy.img"}


@pytest.mark.parametrize("serial", (
    "", "89025d7", "89025d755", "89025d7g", "100000089025d75",
    "10000000089025d75", "dc-a6-32-01-36-c2", "Serial: ", "Serial: 12",
    "default", "../../etc"))
def test_what_is_no_serial_number_is_a_wrong_command_line(serial, image,
                                                          images):
    refused("--serial", serial, image, says="(?i)serial", status=USAGE)
    assert not links(images)


@pytest.mark.parametrize("words, says", (
    (("--serial", "12345"),
     '--serial "12345": a serial number has 8 or 16 hex digits, and not 5: '
     "if zeroes in front are missing, it is 00012345"),
    (("--serial", "./pi-ident.tx"),
     '--serial "./pi-ident.tx": neither a serial number of 8 or 16 hex '
     "digits, nor .*, nor a file"),
    (("--serial", "two.txt"),
     '--serial "two.txt": it names two boards, 89025d75 and 89025d76'),
    (("--serial", "empty.txt"), '--serial "empty.txt": the file is empty'),
    (("--serial", "other.txt"), '--serial "other.txt": neither'),
    (("--serial", "Serial: 12"), '--serial "Serial: 12": what follows'),
    (("--serial", "89025d75", "--mac", "dc:a6:32"),
     '--mac "dc:a6:32": a hardware address is written as')))
def test_the_option_and_what_it_was_given_are_named(words, says, image,
                                                    images, work,
                                                    monkeypatch):
    (work / "two.txt").write_text("Serial: 89025d75\nSerial: 89025d76\n")
    (work / "empty.txt").touch()
    (work / "other.txt").write_text("processor: 0\n")
    monkeypatch.chdir(work)
    refused(*words, image, says="^pibootfs-prep: " + says, status=USAGE)
    assert not links(images)


def test_a_file_with_a_serial_number_that_cannot_be_read_is_named(
        image, work):
    (work / "ident.txt").write_text("89025d75")
    (work / "ident.txt").chmod(0)
    image.parent.chmod(0o755)
    refused("--serial", work / "ident.txt", image, wrapper=NOBODY,
            says=f'--serial "{work}/ident.txt": Permission denied',
            status=USAGE)


def test_a_link_may_be_as_long_as_links_can_be(image, images):
    os.symlink("../" + "far/" * 1000 + "away.img", images / "89025d75")
    refused("--serial", "89025d75", image, says="89025d75 .*--force gives")
    prep("--force", "--serial", "89025d75", image)
    assert links(images) == {"89025d75": "jammy.img"}


@pytest.mark.parametrize("address", (
    "", "dc:a6:32:01:36", "dc:a6:32:01:36:c2:00", "dc:a6:32:01:36:cg",
    "89025d75", "dca6320136c2"))
def test_what_is_no_hardware_address_is_a_wrong_command_line(address, image,
                                                             images):
    refused("--mac", address, image, says="address", status=USAGE)
    assert not links(images)


def test_the_links_are_said(image):
    assert "89025d75" in said(prep("--serial", "89025d75", image))


def test_the_daemon_serves_the_board(image, mount):
    daemon = mount()
    assert not (daemon.path / "89025d75").exists()
    prep("--serial", "1000000089025d75", image)
    assert (daemon.path / "89025d75/config.txt").read_bytes() == \
        (daemon.path / "jammy/config.txt").read_bytes()
