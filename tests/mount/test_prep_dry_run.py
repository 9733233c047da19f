# SPDX-License-Identifier: BSD-2-Clause
"""--dry-run, --quiet, --verbose: what is printed, and what is not done."""

import pytest

from prep_fixture import work  # noqa: F401
from prep_initrd import initramfs_tools
from prep_samples import JAMMY_KERNEL, boot_ready, packed, place
from prep_texts import DNSMASQ, EXPORT
from preptool import (FAILED, NBD, NOBODY, USAGE, WARNED, boot, cmdline, prep,
                      refused, said, state)

BOOTING_INITRD = initramfs_tools(JAMMY_KERNEL)
DRY = pytest.mark.parametrize("dry", ("-n", "--dry-run"))


@pytest.fixture
def image(images):
    place("jammy", images / "jammy.img")
    return images / "jammy.img"


@pytest.fixture
def confs(work):
    """Two files that have something in them already."""
    (work / "nbd.conf").write_text("[lab]\nexportname = /dev/vg0/lab\n")
    (work / "dnsmasq.conf").write_text("log-dhcp\n")
    return ("--nbd-conf", work / "nbd.conf",
            "--dnsmasq-conf", work / "dnsmasq.conf")


def everything(work):
    return state(work / "images", work / "nbd.conf", work / "dnsmasq.conf")


@DRY
def test_a_dry_run_of_an_image_changes_nothing(dry, image, confs, work):
    (work / "new.bin").write_bytes(b"new")
    before = everything(work)
    prep(dry, *NBD, "--size", "1G", "--serial", "89025d75", "--mac",
         "dc:a6:32:01:36:c2", "--copy", work / "new.bin", "--remove",
         "overlays", *confs, image)
    assert everything(work) == before


@DRY
def test_a_dry_run_of_a_source_changes_nothing(dry, images, confs, work):
    before = everything(work)
    prep(dry, *NBD, "--size", "1G", "--serial", "89025d75", *confs,
         packed("jammy", ".zst"), images)
    assert everything(work) == before


def test_a_dry_run_says_what_would_be(images, image, work):
    output = said(prep("-n", *NBD, "--size", "1G", "--serial", "89025d75",
                       "--nbd-conf", work / "nbd.conf",
                       "--dnsmasq-conf", work / "dnsmasq.conf", image))
    for word in ("cmdline.txt", "user-data", "89025d75", "nbd.conf",
                 "dnsmasq.conf", "nbdroot=192.168.1.10/jammy"):
        assert word in output, word


def test_a_dry_run_of_what_is_done_already_has_nothing_to_say(image, confs):
    words = (*NBD, "--serial", "89025d75", *confs, image)
    prep(*words)
    first = said(prep("-n", *NBD, "--serial", "8a3f0c11", *confs, image))
    again = said(prep("-n", *words))
    assert "8a3f0c11" in first
    assert "nbdroot=" not in again


def test_a_dry_run_finds_the_faults_that_a_run_would_find(image, work):
    (work / "large").write_bytes(bytes(90 << 20))
    before = state(work)
    refused("-n", "--copy", work / "large", image, says="large")
    (image.parent / "89025d75").symlink_to("other.img")
    refused("-n", "--serial", "89025d75", image, says="89025d75")
    (image.parent / "89025d75").unlink()
    assert state(work) == before


def test_a_dry_run_prints_configurations_too(image):
    output = prep("-n", *NBD, image).stdout
    assert EXPORT.format(path=image) in output
    assert DNSMASQ.format(root="/srv/tftp") in output
    assert "nbdroot" not in cmdline(image).decode()


# How much is printed


@pytest.mark.parametrize("quiet", ("-q", "--quiet"))
def test_quiet_prints_nothing_when_all_is_well(quiet, image, confs):
    boot(image).write("initrd.img", BOOTING_INITRD)
    result = prep(quiet, *NBD, "--nbd-user", "root", "--serial", "89025d75",
                  *confs, image)
    assert said(result) == ""


def test_quiet_prints_configurations_that_were_asked_for(image):
    boot(image).write("initrd.img", BOOTING_INITRD)
    result = prep("-q", *NBD, "--nbd-user", "root", "--nbd-conf", "-",
                  "--dnsmasq-conf", "-", image)
    assert EXPORT.format(path=image) in result.stdout
    assert DNSMASQ.format(root="/srv/tftp") in result.stdout
    rest = result.stdout.replace(EXPORT.format(path=image), "").replace(
        DNSMASQ.format(root="/srv/tftp"), "")
    assert not [line for line in rest.splitlines()
                if line and not line.startswith("#")]
    assert result.stderr == ""


def test_quiet_prints_warnings_all_the_same(image):
    """The stock initrd cannot mount a root over NBD."""
    assert "nbd" in prep("-q", *NBD, "--nbd-user", "root", image).stderr


def test_quiet_prints_errors_all_the_same(image, images):
    (images / "89025d75").symlink_to("other.img")
    refused("-q", "--serial", "89025d75", image, says="89025d75")


def test_verbose_prints_what_is_as_it_should_be(image):
    boot(image).write("initrd.img", BOOTING_INITRD)
    words = (*NBD, "--nbd-user", "root", image)
    prep(*words)
    usual, verbose = said(prep(*words)), said(prep("-v", *words))
    assert len(verbose) > len(usual)
    assert "vmlinuz" in verbose and "initrd.img" in verbose


def test_a_second_run_says_so(image):
    prep(*NBD, image)
    output = said(prep(*NBD, image))
    assert "nbdroot=" not in output


# --check


def test_check_changes_nothing(image, images):
    before = state(images)
    prep("--check", image, status=WARNED)
    assert state(images) == before


def test_check_takes_nothing_that_would_change_anything(image):
    for words in (NBD, ("--size", "1G"), ("--copy", "x"), ("--remove", "x"),
                  ("--serial", "89025d75")):
        refused("--check", *words, image, says="--check", status=USAGE)


def test_check_is_status_2_for_what_is_no_image(work):
    (work / "x.img").write_bytes(bytes(4096))
    refused("--check", work / "x.img", says="x.img", status=FAILED)


def test_check_needs_no_right_to_write(image):
    image.chmod(0o444)
    prep("--check", image, wrapper=NOBODY, status=WARNED)


def test_check_is_quiet_when_it_is_told_to(image):
    boot(image).write("initrd.img", BOOTING_INITRD)
    prep(*NBD, image)
    assert said(prep("--check", "-q", image)) == ""
    assert "initrd.img" in said(prep("--check", "-v", image))


def test_check_of_a_partition_looks_there(images):
    place("slots", images / "slots.img")
    prep(*NBD, "-p", "3", images / "slots.img")
    prep("--check", "-p", "3", images / "slots.img")
    prep("--check", "-p", "2", images / "slots.img", status=WARNED)


def test_an_unfinished_change_that_cannot_be_put_back_is_a_warning(images):
    """By --check of somebody who may not write there."""
    boot_ready(images / "jammy.img")
    prep(*NBD, images / "jammy.img")
    prep("--check", images / "jammy.img")
    (images / "jammy.img.undo").write_bytes(b"PBFUNDO1 and no more")
    before = state(images)
    assert "cut off" in prep("--check", images / "jammy.img", wrapper=NOBODY,
                             status=WARNED).stderr
    assert state(images) == before
