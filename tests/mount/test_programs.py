# SPDX-License-Identifier: BSD-2-Clause
"""Ordinary programs over the tree, file-system figures and attributes."""

import ctypes
import errno
import os
import random

import pytest

import disk
from disk import MIB, Part
from harness import run
from tree import expect_error, read_all

LABEL = "BOOTFS"


@pytest.fixture(scope="module")
def content():
    """{path: bytes} of a boot partition in small."""
    rng = random.Random(7)
    files = {"config.txt": b"arm_64bit=1\n", "cmdline.txt": b"quiet\n",
             "kernel8.img": rng.randbytes(300001),
             "initramfs8": rng.randbytes(150000), "empty": b"",
             "overlays/README": b"readme\n",
             "deep/er/and/deeper/file with a long name.txt": b"deep\n"}
    for index in range(20):
        files[f"overlays/overlay-{index}.dtbo"] = rng.randbytes(index * 100)
    return files


@pytest.fixture
def board(content, images, mount):
    """A mounted FAT32 partition with all of `content`."""
    disk.partitioned(images / "pi.img", "mbr",
                     [Part(48 * MIB, 32, 512, LABEL, files=content)])
    return mount().path / "pi"


def test_find_lists_every_path(board, content):
    found = run("find", board, "-type", "f").stdout.splitlines()
    assert sorted(found) == sorted(f"{board}/{name}" for name in content)
    directories = run("find", board, "-type", "d").stdout.splitlines()
    assert f"{board}/deep/er/and/deeper" in directories
    assert run("find", board.parent, "-name", "config.txt").stdout


def test_ls_lr_lists_without_complaint(board, content):
    result = run("ls", "-lR", board.parent)
    assert result.stderr == ""
    for name in content:
        assert os.path.basename(name) in result.stdout


def test_du_adds_up_the_sizes(board, content):
    sizes = sum(map(len, content.values()))
    blocks = int(run("du", "-s", "-B1", board).stdout.split()[0])
    assert sizes <= blocks < sizes + (len(content) + 20) * 32768


def test_df_shows_the_mount(board):
    result = run("df", "--output=fstype,target", board)
    assert result.stdout.split()[-2:] == ["fuse.pibootfs", str(board.parent)]
    assert run("df", "-i", board.parent).stderr == ""
    # Mounts of others may be broken, which df says in its status.
    assert str(board.parent) in run("df", "-a", check=False).stdout


def test_statfs_says_read_only_and_long_names(board):
    for path in (board.parent, board, board / "config.txt"):
        figures = os.statvfs(path)
        assert figures.f_flag & os.ST_RDONLY
        assert figures.f_flag & os.ST_NOSUID
        assert figures.f_flag & os.ST_NODEV
        assert figures.f_namemax == 255
        assert figures.f_bsize >= 512 and figures.f_bfree == 0


def test_cp_a_copies_content_dates_and_modes(board, content, work):
    run("cp", "-a", board, work / "copy")
    assert read_all(work / "copy") == content
    for name in content:
        new, old = (work / "copy" / name).stat(), (board / name).stat()
        assert (new.st_mtime, new.st_mode) == (old.st_mtime, old.st_mode)


def test_rsync_a_copies_all_and_then_has_nothing_to_do(board, content, work):
    run("rsync", "-a", f"{board}/", work / "copy")
    assert read_all(work / "copy") == content
    again = run("rsync", "-a", "-i", "-c", f"{board}/", work / "copy")
    assert again.stdout == ""


def test_tar_archives_all_without_complaint(board, content, work):
    result = run("tar", "-C", board, "-cf", work / "tree.tar", ".")
    assert result.stderr == ""
    (work / "copy").mkdir()
    run("tar", "-C", work / "copy", "-xf", work / "tree.tar")
    assert read_all(work / "copy") == content


def test_sha256sum_agrees_with_a_plain_directory(board, content, work):
    for name, data in content.items():
        (work / "plain" / name).parent.mkdir(parents=True, exist_ok=True)
        (work / "plain" / name).write_bytes(data)
    sums = run("sha256sum", *sorted(content), cwd=work / "plain").stdout
    assert run("sha256sum", "-c", "--quiet", cwd=board,
               input=sums).stdout == ""
    (work / "plain/config.txt").write_bytes(b"something else")
    sums = run("sha256sum", "config.txt", cwd=work / "plain").stdout
    assert run("sha256sum", "-c", "--quiet", cwd=board, input=sums,
               check=False).returncode == 1


def test_diff_finds_no_difference(board, content, work):
    run("cp", "-r", board, work / "copy")
    run("diff", "-r", board, work / "copy")
    (work / "copy/config.txt").chmod(0o644)
    (work / "copy/config.txt").write_bytes(b"different")
    assert run("diff", "-rq", board, work / "copy",
               check=False).returncode == 1


# Attributes

def xattr(path, name):
    return os.getxattr(path, f"user.pibootfs.{name}").decode()


def test_a_board_tells_its_image_partition_type_and_label(board, images):
    assert os.path.basename(xattr(board, "image")) == "pi.img"
    assert xattr(board, "partition") == "1"
    assert "32" in xattr(board, "fat_type")
    assert xattr(board, "label") == LABEL


def test_a_directory_below_tells_the_same_as_its_board(board):
    for name in ("image", "partition", "fat_type", "label"):
        assert xattr(board / "overlays", name) == xattr(board, name)


def test_getfattr_dumps_what_a_board_tells(board):
    dump = run("getfattr", "-d", "--absolute-names", board).stdout
    for name in ("image", "partition", "fat_type", "label"):
        assert f"user.pibootfs.{name}=" in dump


def test_a_linked_board_tells_the_image_it_leads_to(board, images):
    (images / "89025d75").symlink_to("pi.img")
    assert os.path.basename(xattr(board.parent / "89025d75",
                                  "image")) == "pi.img"


@pytest.mark.parametrize("name", ("config.txt", "kernel8.img", "empty"))
def test_the_version_of_a_file_once_read_is_its_xxh3_digest(board, name,
                                                            work):
    data = (board / name).read_bytes()
    (work / "plain").write_bytes(data)
    digest = run("xxh128sum", work / "plain").stdout.split()[0]
    assert xattr(board / name, "version") == digest
    assert "user.pibootfs.version" in os.listxattr(board / name)


def test_the_version_of_a_file_never_read_is_not_known(board):
    expect_error(errno.ENODATA, xattr, board / "config.txt", "version")
    assert os.listxattr(board / "config.txt") == []


def test_an_unknown_attribute_does_not_exist(board):
    for path in (board, board / "config.txt", board.parent):
        expect_error(errno.ENODATA, os.getxattr, path, "user.other")
        expect_error((errno.ENODATA, errno.EOPNOTSUPP), os.getxattr, path,
                     "security.selinux")


def test_a_buffer_too_small_for_an_attribute_is_refused(board):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(1)
    name = b"user.pibootfs.label"
    path = os.fsencode(board)
    assert libc.getxattr(path, name, buffer, 1) == -1
    assert ctypes.get_errno() == errno.ERANGE
    assert libc.getxattr(path, name, None, 0) == len(LABEL)
