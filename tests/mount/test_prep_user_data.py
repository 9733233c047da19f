# SPDX-License-Identifier: BSD-2-Clause
"""user-data for cloud-init gets packages, and keeps all else."""

import pytest

from prep_fixture import work  # noqa: F401
from prep_samples import bookworm_files, jammy_files, small
from prep_texts import PREPARED_USER_DATA, USER_DATA
from preptool import (NBD, USAGE, boot, boot_files, cmdline, prep, refused,
                      said, state)

WANTED = b"package_update: true\npackages:\n- nbd-client\n" \
    b"- linux-modules-extra-raspi\n"


def jammy(images, user_data):
    files = {**jammy_files(), "user-data": user_data}
    if user_data is None:
        del files["user-data"]
    small(images / "jammy.img", files)
    return images / "jammy.img"


def user_data(image):
    return boot(image).read("user-data")


@pytest.mark.parametrize("release", ("jammy", "noble"))
def test_the_packages_are_added_and_comments_stay(release, images):
    image = jammy(images, USER_DATA[release])
    prep(*NBD, image)
    assert user_data(image) == PREPARED_USER_DATA[release]
    prep(*NBD, image)
    assert user_data(image) == PREPARED_USER_DATA[release]


@pytest.mark.parametrize("before, after", (
    (b"#cloud-config\n", b"#cloud-config\n" + WANTED),
    (b"#cloud-config\npackages: [vim, nbd-client]\n",
     b"#cloud-config\npackages: [vim, nbd-client, linux-modules-extra-raspi]"
     b"\npackage_update: true\n"),
    (b"#cloud-config\npackage_update: false  # slow\nhostname: a\n",
     b"#cloud-config\npackage_update: true  # slow\nhostname: a\n"
     b"packages:\n- nbd-client\n- linux-modules-extra-raspi\n"),
    (b"#cloud-config\r\nhostname: a\r\n",
     b"#cloud-config\r\nhostname: a\r\n" + WANTED.replace(b"\n", b"\r\n")),
    (b"#cloud-config\n" + WANTED, b"#cloud-config\n" + WANTED)))
def test_they_are_merged_into_what_is_there(before, after, images):
    image = jammy(images, before)
    prep(*NBD, image)
    assert user_data(image) == after


@pytest.mark.parametrize("form", (
    b"nbd-client=1:3.2", b"nbd-client/bookworm-backports", b"nbd-client:arm64",
    b"[nbd-client, '1:3.2']", b"'nbd-client=1:3.2'"))
def test_a_package_that_is_there_in_another_form_is_not_added(form, images):
    before = b"#cloud-config\npackage_update: true\npackages:\n- %s\n" % form
    image = jammy(images, before)
    prep(*NBD, "--packages", "nbd-client", image)
    assert user_data(image) == before


@pytest.mark.parametrize("other", (b"nbd-client-doc", b"nbd-client+", b"nbd"))
def test_a_package_of_a_longer_name_is_another(other, images):
    before = b"#cloud-config\npackage_update: true\npackages:\n- %s\n" % other
    image = jammy(images, before)
    prep(*NBD, "--packages", "nbd-client", image)
    assert user_data(image) == before + b"- nbd-client\n"


def test_the_packages_are_those_that_are_given(images):
    image = jammy(images, b"#cloud-config\n")
    prep(*NBD, "--packages", "nbd-client,vim", image)
    assert user_data(image) == (b"#cloud-config\npackage_update: true\n"
                                b"packages:\n- nbd-client\n- vim\n")


def test_packages_are_added_without_a_host(images):
    image = jammy(images, b"#cloud-config\n")
    line = cmdline(image)
    prep("--packages", "vim", image)
    assert user_data(image) == (b"#cloud-config\npackage_update: true\n"
                                b"packages:\n- vim\n")
    assert cmdline(image) == line


def test_for_no_packages_it_stays(images):
    image = jammy(images, USER_DATA["jammy"])
    prep(*NBD, "--packages", "", image)
    assert user_data(image) == USER_DATA["jammy"]


def test_without_a_host_it_stays(images):
    image = jammy(images, USER_DATA["jammy"])
    prep(image)
    assert user_data(image) == USER_DATA["jammy"]


def test_other_kernels_than_ubuntus_need_one_package_only(images):
    """Raspberry Pi OS has cloud-init since trixie."""
    small(images / "trixie.img", {**bookworm_files(),
                                  "user-data": b"#cloud-config\n"}, 12 << 20)
    prep(*NBD, images / "trixie.img")
    assert user_data(images / "trixie.img") == (
        b"#cloud-config\npackage_update: true\npackages:\n- nbd-client\n")


def test_an_image_without_it_gets_none(images):
    image = jammy(images, None)
    prep(*NBD, image)
    assert "user-data" not in boot_files(image)


@pytest.mark.parametrize("text", (
    b"#!/bin/sh\necho hello\n", b"#cloud-config\na: [b\n",
    b"## template: jinja\n#cloud-config\na: b\n",
    b"#cloud-config\npackages: vim\n"))
def test_what_cannot_be_added_to_stays_with_a_warning(text, images):
    image = jammy(images, text)
    errors = prep(*NBD, image).stderr
    (line,) = [line for line in errors.splitlines()
               if "warning" in line and "user-data" in line]
    assert "nbd-client" in line
    assert user_data(image) == text
    assert b"nbdroot=192.168.1.10/jammy" in cmdline(image)
    assert "user-data" not in prep(*NBD, "--packages", "", image).stderr


@pytest.mark.parametrize("packages", ("a b", "A", "-x", "vim,,nbd-client",
                                      "vim,/etc", ","))
def test_what_are_no_names_of_packages_is_a_wrong_command_line(packages,
                                                              images):
    image = jammy(images, b"#cloud-config\n")
    before = state(images)
    refused("--packages", packages, image, says="(?i)package", status=USAGE)
    assert state(images) == before


def test_it_is_said(images):
    image = jammy(images, b"#cloud-config\n")
    output = said(prep(*NBD, image))
    assert "user-data" in output and "linux-modules-extra-raspi" in output


def test_a_copied_user_data_is_edited_too(images, work):
    """Files are copied before anything is edited."""
    image = jammy(images, USER_DATA["jammy"])
    (work / "user-data").write_bytes(b"#cloud-config\nhostname: a\n")
    (work / "cmdline.txt").write_bytes(b"root=LABEL=writable console=tty1\n")
    prep(*NBD, "--copy", work / "user-data", "--copy", work / "cmdline.txt",
         image)
    assert user_data(image) == b"#cloud-config\nhostname: a\n" + WANTED
    assert cmdline(image) == (b"ip=dhcp nbdroot=192.168.1.10/jammy "
                              b"root=/dev/nbd0p2 console=tty1\n")
