# SPDX-License-Identifier: BSD-2-Clause
"""An image that somebody is working on is left alone."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys

import pytest

import servers
from harness import run, start_process
from imagetool import PIBOOTFS_IMAGE
from prep_fixture import image, work  # noqa: F401
from prep_lan import NbdServer
from prep_samples import place
from prep_texts import EXPORT, PREPARED_CMDLINE
from preptool import (FAILED, NBD, NOBODY, PIBOOTFS_PREP, boot_files, cmdline,
                      prep, refused, state, strace)

HOLDER = """
import sys
with open(sys.argv[1], sys.argv[2]) as image:
    print("open", flush=True)
    sys.stdin.read()
"""


class Held:
    """Another program has the image open."""

    def __init__(self, image, mode):
        self.process = start_process(
            [sys.executable, "-c", HOLDER, image, mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"open\n"

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def assert_refused(image, says, *words):
    before = state(image.parent)
    errors = refused(*NBD, "--serial", "89025d75", *words, image, says=says)
    assert image.name in errors
    assert state(image.parent) == before


def test_one_that_is_open_for_writing_is_refused_by_name(image):
    with Held(image, "r+b") as holder:
        assert_refused(image, rf"{holder.pid}.*writing|writing.*{holder.pid}")
    prep(*NBD, image)


def test_what_to_do_about_it_is_said(image):
    with Held(image, "r+b"):
        assert_refused(image, "--force")


def test_one_that_is_open_for_reading_is_not_in_use(image):
    with Held(image, "rb"):
        prep(*NBD, image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


@pytest.mark.parametrize("force", ("-f", "--force"))
def test_force_prepares_it_all_the_same(force, image):
    with Held(image, "r+b"):
        prep(*NBD, force, image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_one_that_is_open_through_a_link_is_refused_too(image, images):
    (images / "8a3f0c11").symlink_to("jammy.img")
    with Held(images / "8a3f0c11", "r+b"):
        assert_refused(image, "writing")


def test_the_link_of_a_board_stands_for_its_image(image, images):
    (images / "8a3f0c11").symlink_to("jammy.img")
    with Held(image, "r+b"):
        before = state(images)
        refused(*NBD, images / "8a3f0c11", says="writing")
        assert state(images) == before


@pytest.mark.parametrize("more", ("", "readonly = true\n"))
def test_one_that_a_board_has_from_nbd_server_is_refused(more, image, work):
    os.chown(image, 0, 0)
    image.chmod(0o666)
    (work / "conf.d").mkdir()
    (work / "conf.d/jammy.conf").write_text(EXPORT.format(path=image) + more)
    with servers.Network() as network, \
            NbdServer(network, work / "conf.d", work):
        prep(*NBD, "--packages", "", image)
        board = servers.nbd_client(network, "jammy")
        assert board.get_size() == image.stat().st_size
        assert_refused(image, "nbd-server")
        board.shutdown()


def test_one_behind_a_loop_device_is_refused(image):
    device = run("losetup", "--find", "--show", image).stdout.strip()
    try:
        assert_refused(image, device)
    finally:
        run("losetup", "-d", device)
    prep(*NBD, image)


def test_one_that_is_mounted_is_refused(image, work):
    (work / "mnt").mkdir()
    run("mount", "-o", f"loop,offset={9 << 20},ro", image, work / "mnt")
    try:
        assert_refused(image, "loop")
    finally:
        run("umount", work / "mnt")


def test_looking_at_one_in_use_is_no_change(image):
    """--check and --dry-run write nothing, and say what they see."""
    prep(*NBD, image)
    with Held(image, "r+b"):
        before = state(image.parent)
        prep("--check", image, status=(0, 3))
        assert state(image.parent) == before


def test_one_that_another_run_has_locked_is_refused(image):
    with image.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert_refused(image, "(?i)lock|another")


def test_of_two_runs_at_a_time_each_is_whole(images):
    """One may be refused, none may spoil the other's work."""
    place("jammy", images / "jammy.img")
    image = images / "jammy.img"
    runs = [start_process(
        [PIBOOTFS_PREP, *NBD, "--serial", serial, image],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for serial in ("00000001", "00000002", "00000003")]
    statuses = []
    for process in runs:
        _, errors = process.communicate(timeout=30)
        statuses.append(process.returncode)
        assert process.returncode in (0, 2), errors
        assert process.returncode == 0 or b"jammy.img" in errors
    assert 0 in statuses
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    wanted = {f"0000000{index}" for index, status in enumerate(statuses, 1)
              if status == 0}
    assert {name for name in os.listdir(images)} == wanted | {"jammy.img"}


def test_pibootfs_serves_it_meanwhile(image, mount):
    """The daemon only reads; that is no use of the image."""
    daemon = mount()
    with open(daemon.path / "jammy/cmdline.txt", "rb") as file:
        file.read()
        prep(*NBD, image)
    assert (daemon.path / "jammy/cmdline.txt").read_bytes() == \
        PREPARED_CMDLINE["jammy"]


def test_links_can_be_made_for_an_image_in_use(image, images):
    """One board more for an image that runs: nothing is written to it."""
    before = state(image)
    with Held(image, "r+b"):
        prep("--serial", "8a3f0c11", image)
    assert (images / "8a3f0c11").samefile(image)
    assert state(image) == before


def test_one_that_is_half_changed_is_not_put_right_beneath_its_user(image):
    """A run was cut off, and a board runs on it meanwhile."""
    words = (*NBD, "--serial", "89025d75", image)
    process = start_process(
        [*strace("unlinkat:signal=SIGKILL:when=1"), PIBOOTFS_PREP, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert os.path.exists(f"{image}.undo")
    with Held(image, "r+b"):
        assert_refused(image, "writing")
    prep(*words)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert not os.path.exists(f"{image}.undo")


def test_a_stopped_holder_counts_too(image):
    with Held(image, "r+b") as holder:
        holder.send_signal(signal.SIGSTOP)
        assert_refused(image, "writing")
        holder.send_signal(signal.SIGCONT)


def test_an_image_that_is_written_to_is_looked_into_with_a_warning(image):
    """The undo file of a run that is at work is not for others to use."""
    undo = image.with_name("jammy.img.undo")
    undo.write_bytes(b"not complete yet")
    with open(image, "rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        looked = run(PIBOOTFS_IMAGE, "cat", image, "cmdline.txt")
    assert looked.stdout.encode() == cmdline(image)
    (line,) = looked.stderr.splitlines()
    assert f"warning: {undo} is there" in line
    assert "pibootfs-prep is writing to it, or was cut off" in line
    assert undo.read_bytes() == b"not complete yet"


def test_what_somebody_writes_meanwhile_is_not_undone(image, work):
    """Who opens, writes and closes the image while it is being edited."""
    other = work / "OTHER.TXT"
    other.write_text("theirs")
    real = shutil.which("mcopy")
    wrapper = work / "bin/mcopy"
    wrapper.parent.mkdir()
    wrapper.write_text(
        "#!/bin/sh\n"
        f"{real} -n -i {image}@@1M {other} :: 2>&1 || :\n"
        f'exec {real} "$@"\n')
    wrapper.chmod(0o755)
    path = f"{wrapper.parent}:{os.environ['PATH']}"
    refused(*NBD, image, says="was changed by somebody else meanwhile",
            env={**os.environ, "PATH": path})
    assert boot_files(image)["OTHER.TXT"] == b"theirs"
    prep(*NBD, image)
    assert boot_files(image)["OTHER.TXT"] == b"theirs"
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_a_dry_run_says_so_too(image):
    with Held(image, "r+b"):
        assert_refused(image, "open for writing", "--dry-run")


def test_force_says_what_it_does_not_ask(image):
    with Held(image, "r+b") as holder:
        errors = prep(*NBD, "--force", image).stderr
    assert f"although process {holder.pid}" in errors


@pytest.mark.parametrize("count", range(8, 12))
def test_who_uses_it_has_to_be_told(count, image):
    """Without descriptors left to look at others with, nobody knows."""
    with Held(image, "r+b"):
        before = state(image)
        prep(*NBD, image, wrapper=("prlimit", f"--nofile={count}"),
             status=FAILED)
        assert state(image) == before


def test_a_server_that_may_not_be_looked_at_is_a_warning(image, work):
    """To somebody who is not root."""
    image.parent.chmod(0o777)
    image.chmod(0o666)
    work.chmod(0o755)
    (work / "conf.d").mkdir()
    (work / "conf.d/jammy.conf").write_text(EXPORT.format(path=image))
    with servers.Network() as network, \
            NbdServer(network, work / "conf.d", work):
        errors = prep(*NBD, image, wrapper=NOBODY).stderr
    assert "seen by root only" in errors
