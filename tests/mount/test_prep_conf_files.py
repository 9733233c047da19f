# SPDX-License-Identifier: BSD-2-Clause
"""Which files the configurations may be put into; what is only offered; and
exports that are there already."""

import os
import shutil

import pytest

from prep_fixture import image, work  # noqa: F401
from prep_lan import HOST, Lan, NbdServer
from prep_samples import small
from prep_texts import EXPORT
from preptool import DONE, NBD, USAGE, cmdline, names, prep, refused, state

BOTH = ("--nbd-conf", "--dnsmasq-conf")


@pytest.fixture
def conf_d(work):
    (work / "conf.d").mkdir()
    return work / "conf.d"


def refused_unchanged(work, *words, **options):
    before = state(work)
    errors = refused(*NBD, *words, **options)
    assert state(work) == before
    return errors


def warnings(conf, image):
    """What is said against a file for the export."""
    errors = prep(*NBD, "--nbd-conf", conf, image).stderr
    return [line for line in errors.splitlines()
            if f": warning: {conf}: " in line]


# What a file is


@pytest.mark.parametrize("option", BOTH)
@pytest.mark.parametrize("kind, says", (
    ("directory", "is a directory: name a file in it, or -"),
    ("device", "is a device: name a regular file, or -"),
    ("pipe", "is a pipe: name a regular file, or -")))
def test_what_is_no_file_is_refused(kind, says, option, image, work):
    path = work / "conf"
    if kind == "directory":
        path.mkdir()
    elif kind == "device":
        os.mknod(path, 0o20666, os.makedev(1, 3))
    else:
        os.mkfifo(path)
    refused_unchanged(work, option, path, image, says=says, status=USAGE)


@pytest.mark.parametrize("option", BOTH)
def test_an_empty_name_is_refused(option, image, work):
    refused_unchanged(work, option, "", image, says="is empty: name a file",
                      status=USAGE)


@pytest.mark.parametrize("option", BOTH)
@pytest.mark.parametrize("name", ("jammy.conf", "noble.conf"))
def test_the_settings_of_an_image_are_no_place(name, option, image, images,
                                               work):
    """pibootfs would find lines there that it does not know."""
    small(images / "noble.img")
    refused_unchanged(work, option, images / name, image, status=USAGE,
                      says=f"images/{name} is where pibootfs .* another")
    (images / name).write_text("# settings\n")
    (work / "link").symlink_to(images / name)
    refused_unchanged(work, option, work / "link", image, status=USAGE,
                      says="is where pibootfs")


def test_nor_those_of_an_image_that_will_be_made(images, image, work):
    refused_unchanged(work, "--nbd-conf", images / "new.conf", "--name", "new",
                      image, images, says="is where pibootfs", status=USAGE)


def test_other_names_beside_the_image_are_one(image, images):
    prep(*NBD, "--nbd-conf", images / "server.conf", "--dnsmasq-conf",
         images / "jammy.dnsmasq", image)
    assert names(images) == ["jammy.dnsmasq", "jammy.img", "server.conf"]


def test_the_image_itself_is_no_place(image, images, work):
    refused_unchanged(work, "--nbd-conf", images / "new.img", "--name", "new",
                      image, images, says="new.img is the image", status=USAGE)


@pytest.mark.parametrize("other, is_there", (
    ("./same", False), ("sub/../same", False), ("loop/same", False),
    ("link", False), ("./same", True), ("loop/same", True), ("link", True),
    ("hard", True)))
def test_both_in_one_file_are_refused(other, is_there, image, work,
                                      monkeypatch):
    monkeypatch.chdir(work)
    (work / "sub").mkdir()
    (work / "loop").symlink_to(".")
    (work / "link").symlink_to("same")
    if is_there:
        (work / "same").write_text("# mine\n")
        os.link(work / "same", work / "hard")
    refused_unchanged(work, "--nbd-conf", "same", "--dnsmasq-conf", other,
                      image, says=f"same and {other} are one file",
                      status=USAGE)


def test_two_files_of_one_name_are_none_the_less_two(image, work):
    for name in ("a", "b"):
        (work / name).mkdir()
    prep(*NBD, "--nbd-conf", work / "a/conf", "--dnsmasq-conf",
         work / "b/conf", image)
    assert (work / "a/conf").exists() and (work / "b/conf").exists()


def test_what_to_do_is_said_whole_of_long_names(image, work):
    long = work / "/".join("d" * 100 for _ in range(4))
    long.mkdir(parents=True)
    errors = refused(*NBD, "--nbd-conf", long, image, says=str(long),
                     status=USAGE)
    assert errors.rstrip().endswith("or - for standard output")
    (long / "conf").write_text("[jammy]\nexportname = /other.img\n")
    errors = refused(*NBD, "--nbd-conf", long / "conf", image,
                     says="/other.img")
    assert errors.rstrip().endswith("makes an export of another name")


# What is offered


@pytest.fixture
def odd(work):
    """An image with a path that nbd-server cannot have."""
    (work / "100%").mkdir()
    small(work / "100%/jammy.img")
    return work / "100%/jammy.img"


@pytest.mark.parametrize("quiet", ((), ("-q",)))
def test_what_cannot_be_offered_stops_nothing(quiet, odd):
    errors = prep(*NBD, *quiet, odd).stderr
    assert b"nbdroot=" in cmdline(odd)
    assert ("warning: " in errors and "has a %" in errors) == (not quiet)


@pytest.mark.parametrize("quiet", ((), ("-q",)))
def test_what_cannot_be_made_as_asked_is_an_error(quiet, odd, work):
    refused_unchanged(work, *quiet, "--nbd-conf", work / "nbd.conf", odd,
                      says="/nbd.conf: the path .* has a %", status=USAGE)
    refused_unchanged(work, *quiet, "--nbd-conf", "-", odd,
                      says="prep: standard output: the path .* has a %",
                      status=USAGE)


def test_an_interface_that_is_not_here_does_not_stop_an_offer(image):
    result = prep("--nbd-host", HOST, "--interface", "nosuch0", image)
    assert "warning: the interface nosuch0 is not here" in result.stderr
    assert "interface=nosuch0" in result.stdout
    assert "dhcp-range" not in result.stdout


# Files that nbd-server passes over


@pytest.mark.parametrize("name, is_read", (
    ("jammy.conf", True), ("jammy", False), ("jammy.cfg", False)))
def test_a_file_that_nbd_server_passes_over_is_a_warning(name, is_read, image,
                                                         conf_d, work):
    (work / "lab.img").write_bytes(bytes(1 << 20))
    (conf_d / "lab.conf").write_text(
        f"[lab]\nexportname = {work / 'lab.img'}\n")
    found = warnings(conf_d / name, image)
    assert len(found) == (0 if is_read else 1)
    assert all("does not end in .conf" in line for line in found)
    with Lan() as lan, NbdServer(lan.server, conf_d, work):
        listed = lan.board.run("nbdinfo", "--list", f"nbd://{HOST}").stdout
    assert ('export="jammy"' in listed) == is_read


def test_so_is_a_link_there(image, conf_d, work):
    (work / "real.conf").write_text("")
    (conf_d / "jammy.conf").symlink_to(work / "real.conf")
    (found,) = warnings(conf_d / "jammy.conf", image)
    assert "is a link" in found


def test_any_name_will_do_elsewhere(image, work):
    assert not warnings(work / "jammy", image)


# Exports that are there


@pytest.mark.parametrize("line, is_read_only", (
    ("readonly = true", True), ("readonly=1", True),
    ("readonly = false", False), ("# readonly = true", False),
    ("readonly = true\nreadonly = false", False)))
def test_an_export_that_stays_read_only_is_a_warning(line, is_read_only, image,
                                                     conf_d, work):
    conf = conf_d / "jammy.conf"
    conf.write_text(EXPORT.format(path=image) + line + "\n")
    shutil.chown(image, "nbd", "nbd")
    found = warnings(conf, image)
    assert len(found) == (1 if is_read_only else 0)
    assert all("[jammy]" in line and "read-only" in line for line in found)
    with Lan() as lan, NbdServer(lan.server, conf_d, work):
        info = lan.board.run("nbdinfo", f"nbd://{HOST}/jammy").stdout
    assert ("is_read_only: true" in info) == is_read_only
    assert conf.read_text().endswith(line + "\n")


def test_an_export_of_another_image_is_not_taken_away(image, images, work):
    """As a board is not."""
    small(images / "noble.img")
    conf = work / "nbd.conf"
    conf.write_text(EXPORT.format(path=images / "noble.img"))
    refused_unchanged(
        work, "--nbd-conf", conf, image,
        says=r"\[jammy\] is .*/noble.img, not .*/jammy.img; --force")
    errors = prep(*NBD, "--force", "--nbd-conf", conf, image).stderr
    assert "noble.img" in errors
    assert conf.read_text() == EXPORT.format(path=image)


def test_an_export_of_the_image_by_another_path_is_its_own(image, images,
                                                           work):
    (work / "by link").symlink_to(images)
    conf = work / "nbd.conf"
    conf.write_text(EXPORT.format(path=work / "by link" / "jammy.img"))
    prep(*NBD, "--nbd-conf", conf, image, status=DONE)
    assert conf.read_text() == EXPORT.format(path=image)


@pytest.mark.parametrize("name", ("a\\b.img", " a ", "Größe.img"))
def test_an_export_of_an_odd_name_is_its_own(name, images, work):
    small(images / "plain.img")
    (images / "plain.img").rename(images / name)
    conf = work / "nbd.conf"
    for _ in range(2):
        prep(*NBD, "--nbd-name", "odd", "--nbd-conf", conf, images / name)
