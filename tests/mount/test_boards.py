# SPDX-License-Identifier: BSD-2-Clause
"""The image directory is the configuration: which entry gives which board."""

import errno
import os
import shutil

import pytest

import fatwrite
from harness import run, session_directory
from tree import expect_error, names, open_error

SERIAL = "89025d75"
MAC = "dc-a6-32-01-36-c2"
NO_BOARD = (errno.ENOENT, errno.EIO, errno.ENOTDIR)


@pytest.fixture(scope="session")
def one_image():
    """An image to copy: CONFIG.TXT and BOOTCODE.BIN."""
    path = session_directory() / "boards.img"
    volume = fatwrite.small_volume(path, 12, 60)
    volume.add("", b"CONFIG  TXT", b"?")
    volume.add("", b"BOOTCODEBIN", b"bootcode of ?")
    return path


@pytest.fixture
def make(images, one_image):
    """make(name): an image whose CONFIG.TXT says its own name."""
    def image(name, directory=images):
        path = directory / name
        shutil.copy(one_image, path)
        volume = fatwrite.Writer(path)
        entry = volume.find("CONFIG.TXT")
        volume.put(volume.cluster_offset(entry.first_cluster), name.encode())
        volume.set_entry(entry.offset, size=len(name.encode()))
        return path
    return image


def config(board):
    return (board / "config.txt").read_text()


def absent(*paths):
    for path in paths:
        expect_error(errno.ENOENT, os.stat, path)


# One entry, one directory

@pytest.mark.parametrize("suffix", ("img", "raw"))
def test_a_file_with_this_suffix_is_a_board_of_the_name_before_it(
        suffix, make, mount):
    make(f"jammy.{suffix}")
    daemon = mount()
    assert names(daemon.path) == ["jammy"]
    assert config(daemon.path / "jammy") == f"jammy.{suffix}"
    absent(daemon.path / f"jammy.{suffix}")


def test_a_link_with_a_suffix_is_a_board_of_the_name_before_it(
        work, images, make, mount):
    make("elsewhere", work)
    (images / "jammy.img").symlink_to(work / "elsewhere")
    daemon = mount()
    assert names(daemon.path) == ["jammy"]
    assert config(daemon.path / "jammy") == "elsewhere"


@pytest.mark.parametrize("name", (SERIAL, MAC, "lab3", "pi in the attic",
                                  "Küche", "a.b.c", "x" * 255))
def test_a_link_of_this_name_is_a_board_of_that_name(name, images, make,
                                                     mount):
    make("jammy.img")
    (images / name).symlink_to("jammy.img")
    daemon = mount()
    assert names(daemon.path) == sorted([name, "jammy"])
    assert config(daemon.path / name) == "jammy.img"


@pytest.mark.parametrize("target", ("absolute", "chain", "relative"))
def test_a_link_may_be(target, work, images, make, mount):
    make("elsewhere", work)
    if target == "chain":
        (images / "second").symlink_to("../elsewhere")
    (images / SERIAL).symlink_to({"absolute": work / "elsewhere",
                                  "relative": "../elsewhere",
                                  "chain": "second"}[target])
    assert config(mount().path / SERIAL) == "elsewhere"


@pytest.mark.parametrize("entry, asked", (
    ("1000000089025d75", SERIAL), ("0000000089025d75", SERIAL),
    ("89025D75", SERIAL), ("1000000089025D75", SERIAL),
    ("0c8f7e5cbd989ae1", "bd989ae1"), ("0C8F7E5CBD989AE1", "bd989ae1"),
    ("DC-A6-32-01-36-C2", MAC)))
def test_a_serial_written_otherwise_is_found_by_what_a_board_asks_for(
        entry, asked, images, make, mount):
    make("jammy.img")
    (images / entry).symlink_to("jammy.img")
    daemon = mount()
    assert config(daemon.path / asked) == "jammy.img"
    for name in names(daemon.path):
        assert config(daemon.path / name) == "jammy.img"


def test_a_link_added_in_another_form_is_found_at_once(images, make, mount):
    make("jammy.img")
    daemon = mount()
    absent(daemon.path / SERIAL)
    (images / "1000000089025D75").symlink_to("jammy.img")
    assert config(daemon.path / SERIAL) == "jammy.img"
    (images / "1000000089025D75").unlink()
    absent(daemon.path / SERIAL)


def test_the_form_a_board_asks_for_goes_before_another(images, make, mount):
    make("long.img")
    make("short.img")
    (images / "1000000089025d75").symlink_to("long.img")
    (images / SERIAL).symlink_to("short.img")
    assert config(mount().path / SERIAL) == "short.img"


@pytest.mark.parametrize("name", (
    "notes.txt", "README", SERIAL, MAC, ".hidden.img", "jammy.img.bak",
    "jammy.conf", ".img", "bootcode.txt"))
def test_a_plain_file_of_this_name_gives_nothing(name, images, make, mount):
    make("good.img")
    shutil.copy(make("jammy.img"), images / name)
    (images / "jammy.img").unlink()
    daemon = mount()
    assert names(daemon.path) == ["good"]
    absent(daemon.path / name)
    if name.endswith(".img") and name != ".img":
        absent(daemon.path / name.removesuffix(".img"))


@pytest.mark.parametrize("name", ("board", "jammy.img", SERIAL))
def test_a_directory_gives_nothing(name, images, make, mount):
    make("good.img")
    (images / name).mkdir()
    make("inner.img", images / name)
    daemon = mount()
    assert names(daemon.path) == ["good"]
    absent(daemon.path / name, daemon.path / name.removesuffix(".img"))


@pytest.mark.parametrize("name", (".hidden", ".hidden.img"))
def test_a_link_whose_name_begins_with_a_dot_gives_nothing(name, images, make,
                                                           mount):
    make("good.img")
    (images / name).symlink_to("good.img")
    daemon = mount()
    assert names(daemon.path) == ["good"]
    absent(daemon.path / name, daemon.path / ".hidden")


@pytest.mark.parametrize("kind", ("fifo", "socket", "link to fifo",
                                  "link to directory", "dangling link",
                                  "link to itself", "link to /dev/zero"))
def test_what_is_no_image_gives_no_board_and_hangs_nothing(kind, work, images,
                                                           make, mount):
    make("good.img")
    path = images / "lab.img"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, 0o140600)
    elif kind == "link to itself":
        path.symlink_to("lab.img")
    else:
        os.mkfifo(work / "fifo")
        path.symlink_to({"link to fifo": work / "fifo",
                         "link to directory": work,
                         "dangling link": "nothing",
                         "link to /dev/zero": "/dev/zero"}[kind])
    daemon = mount()
    expect_error(NO_BOARD, os.listdir, daemon.path / "lab")
    assert config(daemon.path / "good") == "good.img"


def test_an_empty_image_directory_is_an_empty_tree(mount):
    assert names(mount().path) == []


def test_a_thousand_boards_are_each_found(images, make, mount):
    make("jammy.img")
    boards = [f"{index:08x}" for index in range(1000)]
    for board in boards:
        (images / board).symlink_to("jammy.img")
    daemon = mount()
    assert names(daemon.path) == sorted([*boards, "jammy"])
    for board in boards[::50]:
        assert config(daemon.path / board) == "jammy.img"


# default

@pytest.mark.parametrize("name", (SERIAL, "00000000", "ffffffff", MAC))
def test_default_answers_for_a_board_like_name(name, images, make, mount):
    make("jammy.img")
    daemon = mount()
    absent(daemon.path / name)
    (images / "default").symlink_to("jammy.img")
    assert config(daemon.path / name) == "jammy.img"


@pytest.mark.parametrize("name", ("lab3", "89025d7", "89025d755", "89025g75",
                                  "dc-a6-32-01-36", "dc:a6:32:01:36:c2",
                                  "config.txt", "start4.elf"))
def test_default_does_not_answer_for_any_other_name(name, images, make,
                                                    mount):
    make("jammy.img")
    (images / "default").symlink_to("jammy.img")
    daemon = mount()
    absent(daemon.path / name)
    assert config(daemon.path / SERIAL) == "jammy.img"


def test_default_is_not_listed(images, make, mount):
    make("jammy.img")
    (images / "default").symlink_to("jammy.img")
    assert set(names(mount().path)) - {"bootcode.bin"} == {"jammy"}


@pytest.mark.parametrize("entry", (SERIAL, "1000000089025D75"))
def test_a_board_of_its_own_goes_before_default(entry, images, make, mount):
    make("jammy.img")
    make("own.img")
    (images / "default").symlink_to("jammy.img")
    (images / entry).symlink_to("own.img")
    daemon = mount()
    assert config(daemon.path / SERIAL) == "own.img"
    assert config(daemon.path / "12345678") == "jammy.img"


# bootcode.bin

def test_bootcode_at_the_root_is_the_host_file(images, make, mount):
    make("jammy.img")
    (images / "default").symlink_to("jammy.img")
    (images / "bootcode.bin").write_bytes(b"bootcode of the host")
    daemon = mount()
    assert (daemon.path / "bootcode.bin").read_bytes() \
        == b"bootcode of the host"
    assert "bootcode.bin" in names(daemon.path)


def test_bootcode_at_the_root_is_else_that_of_the_default_image(
        images, make, mount):
    make("jammy.img")
    (images / "default").symlink_to("jammy.img")
    root = mount().path
    assert (root / "bootcode.bin").read_bytes() == b"bootcode of ?"


def test_without_host_file_and_default_there_is_no_bootcode(make, mount):
    make("jammy.img")
    daemon = mount()
    absent(daemon.path / "bootcode.bin")
    assert names(daemon.path) == ["jammy"]


def test_bootcode_follows_the_image_directory_live(images, make, mount):
    make("jammy.img")
    root = mount().path
    absent(root / "bootcode.bin")
    (images / "default").symlink_to("jammy.img")
    assert (root / "bootcode.bin").read_bytes() == b"bootcode of ?"
    (images / "bootcode.bin").write_bytes(b"host")
    assert (root / "bootcode.bin").read_bytes() == b"host"
    (images / "bootcode.bin").write_bytes(b"another host")
    assert (root / "bootcode.bin").read_bytes() == b"another host"
    (images / "bootcode.bin").unlink()
    assert (root / "bootcode.bin").read_bytes() == b"bootcode of ?"


def test_nothing_else_of_an_image_shows_at_the_root(images, make, mount):
    make("jammy.img")
    (images / "default").symlink_to("jammy.img")
    root = mount().path
    assert (root / SERIAL / "config.txt").exists()
    absent(root / "config.txt", root / "CONFIG.TXT")
    assert set(names(root)) <= {"jammy", "bootcode.bin"}


def test_bootcode_at_the_root_is_found_by_its_exact_name_only(images, make,
                                                              mount):
    (images / "bootcode.bin").write_bytes(b"host")
    root = mount().path
    assert (root / "bootcode.bin").exists()
    absent(root / "bootsig.bin")


# Two entries for one directory

@pytest.mark.parametrize("entries, winner", (
    (("jammy", "jammy.img"), "jammy"), (("jammy", "jammy.raw"), "jammy"),
    (("jammy.img", "jammy.raw"), "jammy.img"),
    (("jammy", "jammy.img", "jammy.raw"), "jammy")))
def test_of_two_entries_for_one_board_the_first_wins_and_is_logged_once(
        entries, winner, work, images, make, mount):
    for entry in entries:
        if entry == "jammy":
            make("jammy", work)
            (images / "jammy").symlink_to(work / "jammy")
        else:
            make(entry)
    daemon = mount()
    for _ in range(3):
        assert names(daemon.path) == ["jammy"]
        assert config(daemon.path / "jammy") == winner
    lines = daemon.final_log_lines(r"jammy")
    assert len(lines) == 1, lines
    assert winner in lines[0] and entries[1] in lines[0]


def test_a_single_entry_is_no_conflict(make, mount):
    make("jammy.img")
    daemon = mount()
    assert config(daemon.path / "jammy") == "jammy.img"
    assert names(daemon.path) == ["jammy"]
    assert not daemon.final_log_lines(r"jammy")


# Live

def test_a_new_link_is_a_new_board_at_the_next_lookup(images, make, mount):
    make("jammy.img")
    root = mount().path
    absent(root / SERIAL)
    (images / SERIAL).symlink_to("jammy.img")
    assert config(root / SERIAL) == "jammy.img"
    assert SERIAL in names(root)


def test_a_re_pointed_link_is_another_image_at_the_next_lookup(images, make,
                                                               mount):
    make("jammy.img")
    make("noble.img")
    (images / SERIAL).symlink_to("jammy.img")
    root = mount().path
    for target in ("jammy.img", "noble.img", "jammy.img"):
        (images / "new").symlink_to(target)
        os.rename(images / "new", images / SERIAL)
        assert config(root / SERIAL) == target


def test_a_removed_link_is_no_board_at_the_next_lookup(images, make, mount):
    make("jammy.img")
    (images / SERIAL).symlink_to("jammy.img")
    root = mount().path
    assert config(root / SERIAL) == "jammy.img"
    (images / SERIAL).unlink()
    absent(root / SERIAL, root / SERIAL / "config.txt")
    assert names(root) == ["jammy"]


def test_a_removed_image_is_no_board_and_a_new_one_is(images, make, mount):
    make("jammy.img")
    root = mount().path
    assert config(root / "jammy") == "jammy.img"
    os.rename(images / "jammy.img", images / "noble.img")
    absent(root / "jammy")
    assert config(root / "noble") == "jammy.img"


def test_an_image_swapped_by_mv_is_seen_at_the_next_open(work, images, make,
                                                         mount):
    make("jammy.img")
    root = mount().path
    assert config(root / "jammy") == "jammy.img"
    make("another", work)
    run("mv", work / "another", images / "jammy.img")
    assert config(root / "jammy") == "another"


# Several boards of one image

def test_a_file_is_one_inode_for_all_boards_of_an_image(images, make, mount):
    make("jammy.img")
    (images / SERIAL).symlink_to("jammy.img")
    root = mount().path
    assert config(root / "jammy") == config(root / SERIAL)
    assert os.path.samefile(root / "jammy/config.txt",
                            root / SERIAL / "config.txt")
    assert not os.path.samefile(root / "jammy/config.txt",
                                root / "jammy/bootcode.bin")


def test_a_directory_is_one_inode_per_path(images, make, mount):
    make("jammy.img")
    (images / SERIAL).symlink_to("jammy.img")
    root = mount().path
    assert os.path.samefile(root / "jammy", root / "jammy")
    assert not os.path.samefile(root / "jammy", root / SERIAL)


def test_a_board_that_cannot_be_opened_is_listed_all_the_same(images, make,
                                                              mount):
    make("good.img")
    (images / "bad.img").write_bytes(b"not an image")
    daemon = mount()
    assert names(daemon.path) == ["bad", "good"]
    open_error((errno.EIO, errno.ENOENT), daemon.path / "bad/config.txt")
    assert config(daemon.path / "good") == "good.img"
