# SPDX-License-Identifier: BSD-2-Clause
"""Programs that are started with standard streams closed or broken."""

import itertools
import os
import subprocess

import pytest

import harness
from harness import PIBOOTFS, run, start_process
from imagetool import PIBOOTFS_IMAGE
from prep_fixture import image  # noqa: F401
from preptool import (DONE, FAILED, NBD, PIBOOTFS_PREP, assert_sound, names,
                      outside_boot, state)

CLOSED = [fds for count in (1, 2, 3)
          for fds in itertools.combinations((0, 1, 2), count)]


def start_without(fds, *command, **options):
    """Started with these descriptors closed."""
    def close():
        for fd in fds:
            os.close(fd)
    # Nothing may be inherited under their numbers.
    return start_process(command, preexec_fn=close, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         **options)


@pytest.mark.parametrize("fds", CLOSED)
def test_no_message_is_written_into_an_image(fds, image, images):
    outside = outside_boot(image)
    process = start_without(fds, PIBOOTFS_PREP, "-v", *NBD, image)
    assert process.wait(30) == (FAILED if 1 in fds else DONE)
    assert outside_boot(image) == outside
    assert_sound(image)
    new = start_without(fds, PIBOOTFS_PREP, "-v", *NBD, "--name", "new",
                        image, images)
    assert new.wait(30) == (FAILED if 1 in fds else DONE)
    assert outside_boot(images / "new.img") == outside


@pytest.mark.parametrize("fds", CLOSED)
def test_no_message_is_written_into_what_pibootfs_image_reads(fds, image):
    before = state(image)
    process = start_without(fds, PIBOOTFS_IMAGE, "cat", image, "nowhere")
    assert process.wait(30) > 0
    assert state(image) == before


@pytest.mark.parametrize("fds", CLOSED)
def test_the_daemon_serves(fds, image, images, mountpoint):
    process = start_without(fds, PIBOOTFS, images, mountpoint)
    try:
        assert process.wait(30) == 0
        assert b"root=" in (mountpoint / "jammy/cmdline.txt").read_bytes()
    finally:
        run("umount", mountpoint, check=False)
    harness.eventually(lambda: not harness.is_mounted(mountpoint))


def test_nobody_who_reads_what_it_says_is_no_reason_to_stop(image, work):
    """As with a pager that is left."""
    command = [PIBOOTFS_PREP, "-v", *NBD, "--serial", "89025d75",
               "--nbd-conf", work / "nbd.conf", image]
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as errors:
        assert start_process(command, stderr=errors,
                             stdout=subprocess.DEVNULL).wait(30) == DONE
    assert names(image.parent) == ["89025d75", "jammy.img"]
    assert (work / "nbd.conf").exists()
