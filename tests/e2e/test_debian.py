# SPDX-License-Identifier: BSD-2-Clause
"""What keeps the emulated board from being tested, and what is a mistake of
ours: the one skips tests, the other fails them."""

import os
from pathlib import Path

import pytest

import debian
import harness
import image
from debian import Unavailable

AVAILABLE = """\
Package: linux-image-6.1.0-10-arm64
Version: 6.1.1-1

Package: busybox-static
Source: busybox
Version: 1.35.0-4
"""
NEWER = "\nPackage: linux-image-6.1.0-11-arm64\nVersion: 6.1.2-1\n"


@pytest.fixture
def apt(work, monkeypatch):
    """Stands for apt: sets what apt-get says to fail with, what there is, and
    how long apt-get takes."""
    programs = work / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def write(error="", available=AVAILABLE + NEWER, seconds=0):
        (work / "error").write_text(error)
        (work / "available").write_text(available)
        for name, script in (
                ("apt-get", f"cat {work}/error >&2\n"
                            f"test ! -s {work}/error || exit 1\n"
                            f"echo $$ >{work}/pid\nexec sleep {seconds}"),
                ("apt-cache", f"cat {work}/available")):
            (programs / name).write_text(f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)

    write()
    return write


@pytest.fixture
def archive(apt, work):
    (work / "cache/unpacked").mkdir(parents=True)
    with debian.archive(work / "cache") as made:
        yield made


@pytest.mark.parametrize("error, expected", [
    ("E: Failed to fetch http://deb.debian.org/x  403  Forbidden\n"
     "E: Some index files failed to download.", Unavailable),
    ("W: something\nE: Unable to fetch some archives", Unavailable),
    ("E: Could not connect to deb.debian.org:80", Unavailable),
    ("E: The repository 'http://a/debian bookworm Release' does not have a "
     "Release file.", Unavailable),
    ("E: The repository 'http://a/debian bookworm Release' no longer has a "
     "Release file.", Unavailable),
    ("E: Release file for http://a/InRelease is expired (invalid since 2d)",
     Unavailable),
    ("E: Release file for http://a/InRelease is not valid yet (invalid for "
     "another 2d)", Unavailable),
    ("E: The repository 'http://a/debian bookworm InRelease' is not signed.",
     RuntimeError),
    ("E: Malformed entry 1 in list file sources.list", RuntimeError),
    ("E: Command line option --no-such is not understood", RuntimeError)])
def test_only_what_apt_says_of_the_net_is_a_reason_to_skip(error, expected,
                                                           apt, work):
    apt(error)
    with pytest.raises(expected, match="apt-get update: "):
        with debian.archive(work / "cache"):
            pass


def test_missing_apt_is_a_reason_to_skip(work, monkeypatch):
    monkeypatch.setenv("PATH", str(work))
    with pytest.raises(Unavailable, match="there is no apt-get"):
        with debian.archive(work / "cache"):
            pass


def test_package_that_the_archive_does_not_have_is_a_mistake(archive):
    with pytest.raises(LookupError, match="has no package busybox-statik"):
        archive.unpacked("busybox-statik")


def test_package_that_does_not_come_is_a_reason_to_skip(archive, apt):
    apt("E: Failed to fetch http://deb.debian.org/busybox.deb")
    with pytest.raises(Unavailable, match="apt-get download"):
        archive.unpacked("busybox-static")


def test_package_that_takes_too_long_is_a_reason_to_skip(apt, work,
                                                         monkeypatch):
    monkeypatch.setattr(debian, "DOWNLOAD_SECONDS", 1)
    with debian.archive(work / "cache") as archive:
        apt(seconds=300)
        with pytest.raises(Unavailable, match="download was ended after 1 s"):
            archive.unpacked("busybox-static")
        (work / "cache/unpacked").mkdir(exist_ok=True)
    assert not (work / "cache/partial").exists()


def test_old_lists_do_when_new_ones_take_too_long(apt, work, monkeypatch):
    monkeypatch.setattr(debian, "LISTS_SECONDS", 1)
    apt(seconds=300)
    with pytest.raises(Unavailable, match="update was ended after 1 s"):
        with debian.archive(work / "cache"):
            pass
    (work / "cache/apt/state/lists/x_Packages").touch()
    (work / "cache/unpacked").mkdir()
    with debian.archive(work / "cache") as archive:
        assert archive.has("busybox-static")


def test_nothing_outlives_make_image(apt, work):
    apt(seconds=300)
    (work / "cache/partial").mkdir(parents=True)
    (work / "cache/partial/half.deb").touch()
    process = harness.start_process([
        Path(__file__).parent / "make-image", "--cache", work / "cache",
        work / "x.img"])
    pid = harness.eventually(lambda: (work / "pid").exists() and
                             (work / "pid").read_text())
    process.kill()
    process.wait()
    harness.eventually(lambda: not harness.is_running(int(pid)))
    assert not (work / "cache/partial").exists()


@pytest.mark.parametrize("available, expected", [
    (AVAILABLE, Unavailable), (NEWER.replace("6.1.0", "6.2.0"), LookupError)])
def test_one_kernel_is_too_few_and_none_a_mistake(available, expected, apt,
                                                  work):
    apt("", available)
    (work / "cache/unpacked").mkdir(parents=True)
    with debian.archive(work / "cache") as archive, pytest.raises(expected):
        archive.kernels()


def test_firmware_is_made_up_only_where_there_is_no_package(archive, apt,
                                                            work):
    assert image.add_firmware(work, archive).startswith("made up")
    assert (work / "start.elf").stat().st_size == 2973536
    archive._versions["raspi-firmware"] = "1"
    apt("E: Failed to fetch http://deb.debian.org/raspi-firmware.deb")
    with pytest.raises(Unavailable):
        image.add_firmware(work, archive)


def test_what_make_image_says_is_understood():
    made = image.Made("6.1.0-10-arm64", "6.1.0-11-arm64", "made up: so")
    assert image.Made.parse(f"x.img: {made}\n") == made


def test_cache_is_where_the_user_may_write(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert str(debian.default_cache()) == "/var/cache/pibootfs-e2e"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/nowhere")
    assert str(debian.default_cache()) == "/nowhere/.cache/pibootfs-e2e"
