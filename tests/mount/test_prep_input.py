# SPDX-License-Identifier: BSD-2-Clause
"""Where an image comes from: raw or compressed, a file or a pipe, with a sum
or without, and what is no image."""

import hashlib
import os
import re
import subprocess

import pytest

import harness
from disk import MIB
from harness import run
from prep_fixture import work  # noqa: F401
from prep_samples import packed, place, sample, small
from prep_texts import PREPARED_CMDLINE
from preptool import (DONE, FAILED, NBD, PIBOOTFS_PREP, USAGE, cmdline, digest,
                      names, prep, refused, said, state)

SUFFIXES = (".xz", ".gz", ".zst", ".bz2")
WEB_PAGE = (b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>"
            b"<body>Not Found</body></html>\n")


@pytest.fixture
def download(work):
    directory = work / "download"
    directory.mkdir()
    return directory


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source(download, suffix=".gz"):
    """A compressed sample in a directory of its own."""
    path = download / ("jammy.img" + suffix)
    path.symlink_to(packed("jammy", suffix))
    return path


# Formats


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_compressed_image_is_unpacked(suffix, images):
    prep(packed("jammy", suffix), images)
    assert names(images) == ["jammy.img"]
    assert digest(images / "jammy.img") == digest(sample("jammy")[0])


def test_a_raw_image_is_copied(images):
    original = sample("jammy")[0]
    before = state(original)
    prep(original, images)
    assert names(images) == ["jammy.img"]
    assert digest(images / "jammy.img") == digest(original)
    assert state(original) == before


def test_what_it_is_is_seen_from_its_content(images, download):
    (download / "jammy").symlink_to(packed("jammy", ".zst"))
    prep(download / "jammy", images)
    assert digest(images / "jammy.img") == digest(sample("jammy")[0])


@pytest.mark.parametrize("suffix", (".gz", ".xz"))
def test_parts_that_were_packed_one_by_one_are_one_image(suffix, images,
                                                         download):
    small(download / "whole.img")
    whole = (download / "whole.img").read_bytes()
    packer = {".gz": "gzip", ".xz": "xz"}[suffix]
    with (download / f"parts{suffix}").open("wb") as file:
        for part in (whole[:9 * MIB], whole[9 * MIB:]):
            run(packer, "-1", "-c", input=part, stdout=file)
    prep(download / f"parts{suffix}", images)
    assert digest(images / "parts.img") == digest(download / "whole.img")


@pytest.mark.parametrize("suffix", ("", ".xz"))
def test_zeroes_become_holes(suffix, images, download):
    original = sample("jammy")[0]
    path = packed("jammy", suffix) if suffix else download / "jammy.img"
    if not suffix:      # one that has no holes
        run("cp", "--sparse=never", original, path)
        assert path.stat().st_blocks * 512 >= original.stat().st_size
    prep(path, images)
    image = (images / "jammy.img").stat()
    assert image.st_size == original.stat().st_size
    assert image.st_blocks <= original.stat().st_blocks * 1.1


# Names


@pytest.mark.parametrize("name, image", (
    ("a.img.xz", "a.img"), ("ubuntu-22.04.5-raspi.img.xz",
                            "ubuntu-22.04.5-raspi.img"),
    ("c.xz", "c.img"), ("d", "d.img"), ("E.IMG.XZ", "E.img"),
    ("F.RAW", "F.img"), ("g.img.Gz", "g.img"), ("h.raw.ZST", "h.raw")))
def test_the_image_is_called_as_its_source(name, image, images, download):
    (download / name).symlink_to(packed("jammy", ".zst"))
    prep(download / name, images)
    assert names(images) == [image]


def test_the_image_is_called_as_it_is_told(images):
    prep("--name", "lab", packed("jammy", ".zst"), images)
    assert names(images) == ["lab.img"]


@pytest.mark.parametrize("words", (("--check",), (), NBD,
                                   ("--serial", "89025d75")))
@pytest.mark.parametrize("suffix, name", (
    (".xz", "xz"), (".gz", "gzip"), (".zst", "zstd"), (".bz2", "bzip2")))
def test_a_compressed_image_is_none_that_is_there(suffix, name, words, images):
    path = images / f"jammy.img{suffix}"
    path.symlink_to(packed("jammy", suffix))
    refused(*words, path, says=re.escape(
        f"{path}: is compressed with {name}: to make an image of it, give the "
        "DIRECTORY for that as well"))
    assert names(images) == [path.name]


# Standard input


@pytest.mark.parametrize("suffix", ("", ".xz", ".zst"))
def test_standard_input_is_read(suffix, images):
    path = packed("jammy", suffix) if suffix else sample("jammy")[0]
    with path.open("rb") as file:
        prep("--name", "lab", "-", images, stdin=file)
    assert names(images) == ["lab.img"]
    assert digest(images / "lab.img") == digest(sample("jammy")[0])


def test_a_pipe_is_read(images):
    writer = subprocess.Popen(["cat", packed("jammy", ".xz")],
                              stdout=subprocess.PIPE)
    prep(*NBD, "--name", "jammy", "--sha256", sha256(packed("jammy", ".xz")),
         "-", images, stdin=writer.stdout)
    writer.stdout.close()
    assert writer.wait() == 0
    assert cmdline(images / "jammy.img") == PREPARED_CMDLINE["jammy"]


def test_standard_input_needs_a_name(images):
    with packed("jammy", ".xz").open("rb") as file:
        refused("-", images, says="--name", status=USAGE, stdin=file)
    assert not names(images)


# Sums


def test_a_right_sum_is_accepted(images, download):
    path = source(download)
    prep("--sha256", sha256(path), path, images)
    assert names(images) == ["jammy.img"]


def test_a_sum_may_be_in_capitals(images, download):
    path = source(download)
    prep("--sha256", sha256(path).upper(), path, images)


def test_a_wrong_sum_leaves_nothing(images, download, work):
    path = source(download)
    wrong = "0" * 64
    errors = refused(*NBD, "--serial", "89025d75", "--sha256", wrong,
                     "--nbd-conf", work / "nbd.conf", path, images,
                     says=r"(?i)sha-?256|sum")
    assert str(path) in errors and sha256(path) in errors
    assert not names(images)
    assert not (work / "nbd.conf").exists()


@pytest.mark.parametrize("wrong", ("", "abc", "x" * 64, "0" * 63, "0" * 65))
def test_what_is_no_sum_is_a_wrong_command_line(wrong, images, download):
    refused("--sha256", wrong, source(download), images, says="(?i)sum|sha",
            status=USAGE)
    assert not names(images)


def test_the_sums_beside_the_source_are_looked_at(images, download):
    path = source(download)
    (download / "SHA256SUMS").write_text(
        f"{'1' * 64} *other.img.gz\n{sha256(path)} *jammy.img.gz\n")
    prep(path, images)
    assert names(images) == ["jammy.img"]


def test_a_wrong_sum_beside_the_source_leaves_nothing(images, download):
    path = source(download)
    (download / "SHA256SUMS").write_text(f"{'1' * 64}  jammy.img.gz\n")
    refused(path, images, says="SHA256SUMS")
    assert not names(images)


def test_a_sum_that_is_given_goes_before_the_one_beside_the_source(images,
                                                                   download):
    path = source(download)
    (download / "SHA256SUMS").write_text(f"{'1' * 64}  jammy.img.gz\n")
    prep("--sha256", sha256(path), path, images)
    assert names(images) == ["jammy.img"]


@pytest.mark.parametrize("line", (
    "SHA256 (jammy.img.gz) = {}", "{} *images/jammy.img.gz",
    "SHA256 (./images/jammy.img.gz) = {}"))
def test_the_sums_may_be_of_any_form(line, images, download):
    path = source(download)
    (download / "SHA256SUMS").write_text(line.format("1" * 64) + "\n")
    refused(path, images, says="another SHA-256 sum")
    (download / "SHA256SUMS").write_text(line.format(sha256(path)) + "\n")
    assert "whose sum is that of SHA256SUMS" in said(prep(path, images))


@pytest.mark.parametrize("quiet", ((), ("-q",)))
def test_sums_that_do_not_list_the_source_are_a_warning(quiet, images,
                                                        download):
    """As of a download that was renamed, and is not checked then."""
    path = source(download)
    (download / "SHA256SUMS").write_text(f"{'1' * 64}  another.img.gz\n")
    assert f"warning: {path}: SHA256SUMS beside it does not list it" in \
        prep(*quiet, path, images).stderr
    assert names(images) == ["jammy.img"]


def test_without_sums_there_is_no_warning(images, download):
    assert "SHA256SUMS" not in said(prep("-v", source(download), images))


def test_a_wrong_sum_is_said_with_the_remedy_at_the_end(images, download):
    path = download / ("a-name-of-a-length" * 9 + ".img.gz")
    path.symlink_to(packed("jammy", ".gz"))
    error = refused("--sha256", "0" * 64, path, images, says="SHA-256")
    assert error == (
        f"pibootfs-prep: {path}: has another SHA-256 sum than --sha256 says, "
        f"{sha256(path)} instead of {'0' * 64}: download it again\n")


# What is no image


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_download_that_was_cut_off_leaves_nothing(suffix, images, download):
    whole = packed("jammy", suffix).read_bytes()
    path = download / f"jammy.img{suffix}"
    path.write_bytes(whole[:len(whole) * 2 // 3])
    assert str(path) in refused(path, images, says="jammy.img")
    assert not names(images)


@pytest.mark.parametrize("suffix", (".xz", ".gz", ".zst"))
def test_a_damaged_download_leaves_nothing(suffix, images, download):
    """In more than a byte: one may be a run of zeroes said in another way."""
    data = bytearray(packed("jammy", suffix).read_bytes())
    for index in range(len(data) // 2, len(data) // 2 + 4096):
        data[index] ^= 0x55
    (download / f"jammy.img{suffix}").write_bytes(data)
    refused(download / f"jammy.img{suffix}", images, says="jammy.img")
    assert not names(images)


def test_the_source_is_what_is_said_to_be_damaged(images, download):
    path = download / "jammy.img.xz"
    path.write_bytes(packed("jammy", ".xz").read_bytes()[:5000])
    assert refused(path, images, says="too early, after 5000 bytes") \
        .startswith(f"pibootfs-prep: {path}: the xz data end too early")


@pytest.mark.parametrize("junk", (b"x", WEB_PAGE))
@pytest.mark.parametrize("suffix", (".xz", ".gz"))
def test_junk_behind_the_image_is_called_that(suffix, junk, images, download):
    data = packed("jammy", suffix).read_bytes()
    path = download / f"jammy.img{suffix}"
    path.write_bytes(data + junk)
    refused(path, images, says=re.escape(f"{path}: ") + "the .*data end at "
            f"byte {len(data)}, and something else follows")
    assert not names(images)


def test_the_image_is_what_is_said_not_to_fit(images, download, work):
    room = work / "room"
    room.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", room)
    refused(source(download), room,
            says=rf"pibootfs-prep: {room}/jammy\.img: .*(space|larger)")
    assert not names(room)


@pytest.mark.parametrize("data", (
    WEB_PAGE, b"", b"PK\3\4" + bytes(5000), b"not an image\n" * 999,
    bytes(4 * MIB), b"\x04\x22\x4d\x18" + bytes(999)), ids=(
        "web page", "empty", "zip", "text", "zeroes", "lz4"))
def test_what_is_no_image_leaves_nothing(data, images, download):
    (download / "jammy.img").write_bytes(data)
    refused(download / "jammy.img", images, says="jammy.img")
    assert not names(images)


def test_a_web_page_is_called_one(images, download):
    (download / "jammy.img.xz").write_bytes(WEB_PAGE)
    refused(download / "jammy.img.xz", images, says="web page")


def test_a_source_that_is_not_there_is_named(images, download):
    refused(download / "jammy.img.xz", images,
            says=r"jammy\.img\.xz.*No such file")


def test_a_directory_that_is_not_there_is_named(work):
    refused(packed("jammy", ".xz"), work / "nowhere", says="nowhere",
            status=(USAGE, FAILED))


# An image that is there


def test_an_image_that_is_there_is_prepared_as_it_is(images, download):
    """Its own content, not the source's again."""
    place("noble", images / "jammy.img")
    prep(*NBD, source(download), images)
    assert cmdline(images / "jammy.img") == \
        PREPARED_CMDLINE["noble"].replace(b"/noble", b"/jammy")


def test_the_source_of_an_image_that_is_there_is_not_read(images, work):
    place("jammy", images / "jammy.img")
    broken = work / "jammy.img.xz"
    broken.write_bytes(b"not even xz")
    prep(*NBD, "--sha256", "0" * 64, broken, images)
    assert cmdline(images / "jammy.img") == PREPARED_CMDLINE["jammy"]


def test_standard_input_is_not_read_for_an_image_that_is_there(images):
    small(images / "lab.img")
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb"):
        prep(*NBD, "--name", "lab", "-", images, stdin=pipe, timeout=20)
    assert b"nbdroot=192.168.1.10/lab " in cmdline(images / "lab.img")


def test_nobody_sees_a_new_image_before_it_is_complete(images, work):
    """While the end of the source is still to come there is no name."""
    data = packed("jammy", ".xz").read_bytes()
    process = harness.start_process(
        [PIBOOTFS_PREP, *NBD, "--name", "jammy", "--serial", "89025d75",
         "--nbd-conf", work / "nbd.conf", "-", images],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(data[:-100])
    process.stdin.flush()
    try:
        process.wait(0.5)
    except subprocess.TimeoutExpired:
        pass
    assert process.returncode is None
    assert not [name for name in names(images) if not name.startswith(".")]
    assert not (work / "nbd.conf").exists()
    process.stdin.write(data[-100:])
    _, errors = process.communicate(timeout=30)
    assert process.returncode == DONE, errors
    assert names(images) == ["89025d75", "jammy.img"]


def test_of_two_runs_that_make_one_image_one_does(images):
    data = packed("jammy", ".xz").read_bytes()
    runs = [harness.start_process(
        [PIBOOTFS_PREP, "--name", "jammy", "-", images],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)]
    for process in runs:        # both have begun
        process.stdin.write(data[:1000])
        process.stdin.flush()
    for process in runs:
        process.communicate(data[1000:], timeout=30)
    assert sorted(process.returncode for process in runs) == [DONE, FAILED]
    assert names(images) == ["jammy.img"]
    assert digest(images / "jammy.img") == digest(sample("jammy")[0])


def test_progress_is_shown_on_a_terminal_only(images):
    result = prep(packed("jammy", ".zst"), images)
    assert "\r" not in said(result) and "%" not in said(result)
