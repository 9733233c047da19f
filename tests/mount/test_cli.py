# SPDX-License-Identifier: BSD-2-Clause
"""The command line, and starts that must fail with one clear line."""

import re
import shutil

import pytest

import harness
from harness import PIBOOTFS, MountFailed, is_mounted, run

OPTIONS = ("uid", "gid", "umask", "allow_other", "partition",
           "snapshot_memory", "io_timeout", "codepage")


def refused(*command, says, mountpoint=None):
    """The start fails; its one line on standard error matches `says`."""
    result = run(*command, check=False, timeout=30)
    assert result.returncode > 0, f"{command}: it started"
    lines = [line for line in result.stderr.splitlines()
             if not re.fullmatch('pibootfs: see .*--help.*', line)]
    assert len(lines) == 1, lines
    assert re.search(says, lines[0], re.IGNORECASE), lines[0]
    if mountpoint is not None:
        assert not is_mounted(mountpoint)
    return result


@pytest.mark.parametrize("option", ("-h", "--help"))
def test_help_names_every_option_and_succeeds(option):
    result = run(PIBOOTFS, option)
    assert re.search(r"pibootfs .*IMAGES.* MOUNTPOINT", result.stdout,
                     re.IGNORECASE)
    for word in ("-f", "-d", "-h", "-V", *OPTIONS):
        assert word in result.stdout, word


@pytest.mark.parametrize("option", ("-V", "--version"))
def test_the_version_is_told(option):
    assert re.match(r"pibootfs \d+\.\d+", run(PIBOOTFS, option).stdout)


@pytest.mark.parametrize("words", (("-Z",), ("--nonsense",),
                                   ("-o", "nonsense"),
                                   ("-o", "nonsense=1"),
                                   ("-o", "ro,nonsense,nodev")))
def test_an_unknown_option_is_named(words, images, mountpoint, mount):
    refused(PIBOOTFS, *words, images, mountpoint, mountpoint=mountpoint,
            says="nonsense" if "Z" not in words[0] else "Z")
    mount("ro,nodev")


@pytest.mark.parametrize("option", (
    "uid=x", "uid=-1", "uid=99999999999", "uid=", "uid", "gid=x",
    "umask=9", "umask=x", "umask=01000", "snapshot_memory=x",
    "snapshot_memory=101%", "codepage=932", "snapshot_memory=1Q", "snapshot_memory=-1", "snapshot_memory=",
    "io_timeout=x", "io_timeout=-1", "io_timeout=0"))
def test_an_option_with_a_value_that_makes_no_sense_is_named(
        option, images, mountpoint):
    refused(PIBOOTFS, "-o", option, images, mountpoint,
            says=option.split("=")[0], mountpoint=mountpoint)


@pytest.mark.parametrize("option", (
    "uid=0", "gid=4294967294", "umask=0", "umask=022", "snapshot_memory=64M",
    "snapshot_memory=1G", "snapshot_memory=67108864", "io_timeout=1",
    "snapshot_memory=100%", "codepage=437", "codepage=850",
    "allow_other", "ro", "rw", "nodev,nosuid,noexec,noatime", "dev,suid",
    "ro,uid=1,gid=2,umask=027,io_timeout=30"))
def test_an_option_that_makes_sense_is_taken(option, mount):
    mount(option)


def test_options_may_be_given_apart_and_after_the_operands(images, mountpoint,
                                                           mount):
    daemon = mount(args=("-o", "uid=7", "-o", "gid=8"))
    found = daemon.path.stat()
    assert (found.st_uid, found.st_gid) == (7, 8)


@pytest.mark.parametrize("count", (0, 1, 3))
def test_a_wrong_number_of_operands_is_refused(count, images, mountpoint):
    operands = [images, mountpoint, mountpoint][:count]
    result = run(PIBOOTFS, *operands, check=False)
    assert result.returncode > 0
    assert re.search("usage|IMAGES|MOUNTPOINT|operand|--help", result.stderr)
    assert not is_mounted(mountpoint)


def test_a_missing_image_directory_is_named(work, mountpoint):
    refused(PIBOOTFS, work / "nothing", mountpoint, says="nothing.*no such",
            mountpoint=mountpoint)


def test_an_image_directory_that_is_a_file_is_named(work, mountpoint):
    (work / "file").touch()
    refused(PIBOOTFS, work / "file", mountpoint, says="file.*not a directory",
            mountpoint=mountpoint)


def test_a_missing_mountpoint_is_named(images, work, mount):
    refused(PIBOOTFS, images, work / "nothing", says="nothing.*no such")
    mount()


def test_a_mountpoint_that_is_a_file_is_named(images, work):
    (work / "file").touch()
    refused(PIBOOTFS, images, work / "file", says="file.*not a directory")


@pytest.mark.parametrize("how", ("plain", "by a link", "relative", "deeper",
                                 "with slashes"))
def test_a_mountpoint_inside_the_image_directory_is_refused(how, work,
                                                            images):
    inside = images / "mnt"
    (inside / "deeper").mkdir(parents=True)
    (work / "link").symlink_to(inside)
    point = {"plain": inside, "by a link": work / "link",
             "relative": "images/mnt", "deeper": inside / "deeper",
             "with slashes": f"{work}//images/./mnt/"}[how]
    result = run(PIBOOTFS, images, point, check=False, cwd=work, timeout=30)
    assert result.returncode > 0 and not harness.mount_lines(images)
    assert len(result.stderr.splitlines()) == 1
    assert re.search("inside|within|below|lies in", result.stderr)


@pytest.mark.parametrize("how", ("plain", "by a link"))
def test_an_image_directory_inside_the_mountpoint_is_refused(how, work):
    images = work / "mnt/images"
    images.mkdir(parents=True)
    (work / "link").symlink_to(images)
    refused(PIBOOTFS, images if how == "plain" else work / "link",
            work / "mnt", says="inside|within|below|lies in",
            mountpoint=work / "mnt")


def test_directories_side_by_side_are_fine_though_one_name_begins_another(
        work, mount):
    (work / "tree").mkdir()
    (work / "tree-images").mkdir()
    mount(images=work / "tree-images", mountpoint=work / "tree")


def test_a_mountpoint_that_is_in_use_is_busy(images, mountpoint, mount,
                                             good_board):
    daemon = mount()
    refused(PIBOOTFS, images, mountpoint, says="busy|already|in use")
    assert (daemon.path / "good/config.txt").read_bytes() == b"good"
    assert len(harness.mount_lines(mountpoint)) == 1


def test_a_foreground_start_that_fails_tells_the_same(images, work):
    result = run(PIBOOTFS, "-f", images, work / "nothing", check=False,
                 timeout=30)
    assert result.returncode > 0
    assert len(result.stderr.splitlines()) == 1
    assert "nothing" in result.stderr


def test_a_start_without_dev_fuse_names_it(images, mountpoint):
    refused("unshare", "-m", "sh", "-c",
            'mount -t tmpfs none /dev && exec "$@"', "sh", PIBOOTFS, images,
            mountpoint, says="/dev/fuse", mountpoint=mountpoint)


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture
def program(work):
    """The binary at a place that every user can reach."""
    shutil.copy(PIBOOTFS, work / "pibootfs")
    (work / "pibootfs").chmod(0o755)
    work.chmod(0o755)
    return work / "pibootfs"


def test_a_start_without_permission_to_mount_says_so(program, images,
                                                     mountpoint):
    result = run(*NOBODY, program, images, mountpoint, check=False,
                 timeout=30)
    assert result.returncode > 0 and not is_mounted(mountpoint)
    assert re.search("permi|privilege|fusermount|root", result.stderr,
                     re.IGNORECASE)


def test_an_image_directory_that_may_not_be_read_is_named(program, images,
                                                          mountpoint):
    images.chmod(0o700)
    refused(*NOBODY, program, images, mountpoint,
            says="images.*permission denied", mountpoint=mountpoint)
    images.chmod(0o755)


def test_a_failed_start_raises_in_the_harness_as_well(work, images):
    with pytest.raises(MountFailed, match="nothing"):
        harness.Mount(images, work / "nothing")
