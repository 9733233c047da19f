# SPDX-License-Identifier: BSD-2-Clause
"""Whose image it is: nbd-server serves what it may not write read-only,
without a word; and what somebody who is not root can do."""

import os
import pwd

import pytest

import harness
import servers
from prep_fixture import work  # noqa: F401
from prep_initrd import initramfs_tools
from prep_lan import NbdServer
from prep_samples import JAMMY_KERNEL, boot_ready, packed, small
from prep_texts import EXPORT, PREPARED_CMDLINE
from preptool import (DONE, FAILED, NBD, NOBODY, USAGE, cmdline, names, prep,
                      refused, state)

# The packages of the servers make the first one.
NBD_USER = pwd.getpwnam("nbd")
NOBODY_USER = pwd.getpwnam("nobody")


@pytest.fixture
def image(images):
    boot_ready(images / "jammy.img")
    return images / "jammy.img"


def owner(path):
    status = path.stat()
    return status.st_uid, status.st_gid, status.st_mode & 0o777


def warns_of(user, *words, **options):
    """Whether a run says that this user cannot write to the image."""
    errors = prep(*NBD, *words, **options).stderr
    found = [line for line in errors.splitlines()
             if user in line and ("write" in line or "read-only" in line)]
    return bool(found)


# By root


def test_a_new_image_belongs_to_the_nbd_servers_user(images):
    prep(*NBD, packed("jammy", ".zst"), images)
    uid, gid, mode = owner(images / "jammy.img")
    assert (uid, gid) == (NBD_USER.pw_uid, NBD_USER.pw_gid)
    assert mode & 0o600 == 0o600 and not mode & 0o002


def test_or_to_the_user_that_is_given(images):
    prep(*NBD, "--nbd-user", "nobody", packed("jammy", ".zst"), images)
    assert owner(images / "jammy.img")[:2] == (NOBODY_USER.pw_uid,
                                               NOBODY_USER.pw_gid)


def test_it_belongs_to_that_user_without_a_host_too(images):
    prep(packed("jammy", ".zst"), images)
    assert owner(images / "jammy.img")[0] == NBD_USER.pw_uid


def test_an_image_that_is_there_keeps_owner_and_mode(image):
    os.chown(image, 1234, 5678)
    image.chmod(0o640)
    prep(*NBD, image)
    assert owner(image) == (1234, 5678, 0o640)


@pytest.mark.parametrize("uid, gid, mode, may", (
    (0, 0, 0o644, False), (0, 0, 0o666, True),
    (NBD_USER.pw_uid, NBD_USER.pw_gid, 0o600, True),
    (NBD_USER.pw_uid, NBD_USER.pw_gid, 0o444, False),
    (0, NBD_USER.pw_gid, 0o660, True), (0, NBD_USER.pw_gid, 0o640, False),
    (NBD_USER.pw_uid, 0, 0o466, False)))
def test_an_image_that_the_nbd_server_cannot_write_is_a_warning(
        uid, gid, mode, may, image):
    os.chown(image, uid, gid)
    image.chmod(mode)
    assert warns_of("nbd", image) == (not may)


def test_an_image_directory_that_it_cannot_enter_is_a_warning(image):
    os.chown(image, NBD_USER.pw_uid, NBD_USER.pw_gid)
    image.parent.chmod(0o700)
    assert warns_of("nbd", image)
    image.parent.chmod(0o711)
    assert not warns_of("nbd", image)


@pytest.mark.parametrize("uid, gid, mode, directory_mode, remedy", (
    (0, 0, 0o644, 0o755, "chown nbd: {image}"),
    (0, 0, 0o444, 0o755, "chown nbd: {image} && chmod u+rw {image}"),
    (NBD_USER.pw_uid, 0, 0o444, 0o755, "chmod u+rw {image}"),
    (NBD_USER.pw_uid, 0, 0o200, 0o755, "chmod u+rw {image}"),
    (NBD_USER.pw_uid, 0, 0o600, 0o700, "chmod o+x {directory}"),
    (0, 0, 0o600, 0o700, "chmod o+x {directory} && chown nbd: {image}")))
def test_the_warning_says_what_helps(uid, gid, mode, directory_mode, remedy,
                                     image):
    os.chown(image, uid, gid)
    image.chmod(mode)
    image.parent.chmod(directory_mode)
    (warning,) = [line for line in prep(*NBD, image).stderr.splitlines()
                  if "as root: " in line]
    command = warning.partition("as root: ")[2]
    assert command == remedy.format(image=image, directory=image.parent)
    harness.run("sh", "-c", command)
    assert not warns_of("nbd", image)


@pytest.mark.parametrize("uid, gid, bits", (
    (NBD_USER.pw_uid, 0, "u"), (0, NBD_USER.pw_gid, "g"), (0, 0, "o")))
def test_it_names_the_directory_and_whose_mode_it_is(uid, gid, bits, image):
    os.chown(image, NBD_USER.pw_uid, NBD_USER.pw_gid)
    os.chown(image.parent, uid, gid)
    image.parent.chmod(0o600 if bits == "u" else 0o700)
    errors = prep(*NBD, image).stderr
    assert f"enter the directory {image.parent}, whose mode is 0" in errors
    assert errors.rstrip().endswith(f"chmod {bits}+x {image.parent}")


def test_another_user_is_looked_at_when_told(image):
    os.chown(image, NBD_USER.pw_uid, NBD_USER.pw_gid)
    image.chmod(0o600)
    assert warns_of("nobody", "--nbd-user", "nobody", image)
    assert not warns_of("root", "--nbd-user", "root", image)


def test_a_user_that_is_not_there_is_said(images):
    errors = prep(*NBD, "--nbd-user", "nosuchuser", packed("jammy", ".zst"),
                  images, status=(DONE, USAGE, FAILED)).stderr
    assert "nosuchuser" in errors


@pytest.mark.parametrize("uid, is_read_only", ((None, False), (0, True)))
def test_nbd_server_itself_agrees(uid, is_read_only, images, work):
    """What the warning is about: the control is an image of root."""
    (work / "conf.d").mkdir()
    prep(*NBD, "--nbd-conf", work / "conf.d/jammy.conf",
         packed("jammy", ".zst"), images)
    assert (work / "conf.d/jammy.conf").read_text() == EXPORT.format(
        path=images / "jammy.img")
    if uid is not None:
        os.chown(images / "jammy.img", uid, uid)
    with servers.Network() as network, \
            NbdServer(network, work / "conf.d", work):
        board = servers.nbd_client(network, "jammy")
        assert board.is_read_only() == is_read_only
        board.shutdown()


# By somebody else


def own(*paths):
    for path in paths:
        os.chown(path, NOBODY_USER.pw_uid, NOBODY_USER.pw_gid)


def test_all_of_it_works_without_being_root(images, work):
    """No mount, no loop device, no rights; in a container, say."""
    (work / "initrd.img").write_bytes(initramfs_tools(JAMMY_KERNEL))
    own(work, images)
    prep(*NBD, "--size", "1G", "--serial", "89025d75", "--copy",
         work / "initrd.img", "--nbd-conf", work / "nbd.conf",
         "--dnsmasq-conf", work / "dnsmasq.conf", packed("jammy", ".zst"),
         images, wrapper=NOBODY)
    assert names(images) == ["89025d75", "jammy.img"]
    assert cmdline(images / "jammy.img") == PREPARED_CMDLINE["jammy"]
    assert owner(images / "jammy.img")[0] == NOBODY_USER.pw_uid
    prep("--check", images / "jammy.img", wrapper=NOBODY)
    prep("--nbd-host", "192.168.1.20", "--packages", "",
         images / "jammy.img", wrapper=NOBODY)
    assert b"192.168.1.20/jammy" in cmdline(images / "jammy.img")


def test_what_is_not_theirs_to_give_is_said(images):
    own(images)
    assert warns_of("nbd", packed("jammy", ".zst"), images, wrapper=NOBODY)


def test_an_image_of_somebody_else_is_refused(image):
    image.chmod(0o644)
    before = state(image.parent)
    refused(*NBD, image, says="(?i)permission", wrapper=NOBODY)
    assert state(image.parent) == before


def test_a_directory_of_somebody_else_is_refused(images):
    refused(packed("jammy", ".zst"), images, says="(?i)permission",
            wrapper=NOBODY)
    assert not names(images)


def test_an_image_in_a_directory_of_somebody_else_is_refused(image):
    """The undo file could not be beside it."""
    own(image)
    before = state(image.parent, times=False)
    refused(*NBD, image, says="(?i)permission", wrapper=NOBODY)
    assert state(image.parent, times=False) == before


def test_it_works_where_no_other_process_is_seen(images):
    """As in a container."""
    small(images / "noble.img")
    prep(*NBD, images / "noble.img", wrapper=(
        "unshare", "--mount", "--pid", "--fork", "--mount-proc"))
    assert b"nbdroot=" in cmdline(images / "noble.img")
