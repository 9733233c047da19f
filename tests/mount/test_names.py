# SPDX-License-Identifier: BSD-2-Clause
"""Names inside a volume: long, short, foreign, broken and hidden ones."""

import errno
import os
import unicodedata

import pytest

import fatwrite
from fatread import ARCHIVE, DIRECTORY, HIDDEN, LABEL, READ_ONLY, SYSTEM
from tree import expect_error, names

BASE, EXTENSION = 0x08, 0x10        # NT lower-case bits


@pytest.fixture(params=(12, 16, 32))
def volume(request, images):
    """v.img, an empty small volume; one run for each FAT type."""
    clusters = 5000 if request.param == 16 else 400
    return fatwrite.small_volume(images / "v.img", request.param, clusters)


@pytest.fixture
def small(images):
    """v.img, an empty FAT12 volume, where the FAT type makes no difference."""
    return fatwrite.small_volume(images / "v.img", 12, 400)


@pytest.fixture
def board(images, mount):
    """The mounted directory of v.img; used once the volume is filled."""
    return lambda: mount().path / "v"


def absent(*paths):
    for path in paths:
        expect_error(errno.ENOENT, os.stat, path)


# Paths

def test_doubled_and_trailing_slashes_are_as_good_as_one(volume, board):
    volume.add_directory("", b"OVERLAYS   ")
    volume.add("", b"CONFIG  TXT", b"config")
    volume.add("OVERLAYS", b"README     ", b"readme")
    directory = board()
    for path in ("//config.txt", "///config.txt", "/overlays/../config.txt"):
        with open(f"{directory}{path}", "rb") as file:
            assert file.read() == b"config"
    assert os.listdir(f"{directory}//overlays///") == ["README"]
    assert os.path.isdir(f"{directory}/")
    expect_error(errno.ENOTDIR, os.stat, f"{directory}/config.txt/")


# Long names

@pytest.mark.parametrize("name", (
    "a long name with blanks.txt", "kernel.img.new.bak", "UPPER and lower",
    ".dotfile", "x", "é" * 20, "na\u00efve\u2013\u20ac.txt", "日本語の名前.img",
    "emoji \U0001f600\U0001f680.bin", "exactly13char", "exactly 26 characters long",
    "plus+comma,semi;equal=[brackets]", "a" * 255))
def test_a_long_name_is_shown_as_stored_and_opens(name, small, board):
    small.add("", b"LONGNA~1TXT", b"content", long=name)
    directory = board()
    assert names(directory) == [name]
    assert (directory / name).read_bytes() == b"content"


@pytest.mark.parametrize("fat", (12, 16, 32))
def test_a_short_name_opens_a_file_with_a_long_one_but_is_not_listed(
        fat, images, board):
    volume = fatwrite.small_volume(images / "v.img", fat,
                                   5000 if fat == 16 else 400)
    volume.add("", b"LONGNA~1TXT", b"content", long="long name.txt")
    directory = board()
    assert names(directory) == ["long name.txt"]
    assert (directory / "longna~1.txt").read_bytes() == b"content"
    assert os.path.samefile(directory / "LONGNA~1.TXT",
                            directory / "long name.txt")
    absent(directory / "longna~2.txt")


@pytest.mark.parametrize("units, shown", (
    ("a\ud800b.txt", "a\ufffdb.txt"), ("a\udc00.txt", "a\ufffd.txt"),
    ("\ud800", "\ufffd"), ("\udc00\ud800x", "\ufffd\ufffdx"),
    ("\ud83d\ude00 ok", "\U0001f600 ok")))
def test_a_lone_surrogate_is_shown_as_the_replacement_character(
        units, shown, small, board):
    raw = units.encode("utf-16-le", "surrogatepass")
    small.add("", b"SURROG~1TXT", b"content", long=raw)
    small.add("", b"OTHER   TXT", b"other")
    directory = board()
    assert names(directory) == sorted([shown, "OTHER.TXT"])
    assert (directory / shown).read_bytes() == b"content"
    assert (directory / "surrog~1.txt").read_bytes() == b"content"


def test_a_long_name_with_a_wrong_checksum_gives_way_to_the_short_one(
        volume, board):
    volume.add("", b"BROKEN~1TXT", b"broken", long="broken long.txt", sum_=1)
    volume.add("", b"SOUND~1 TXT", b"sound", long="sound long.txt")
    directory = board()
    assert names(directory) == ["BROKEN~1.TXT", "sound long.txt"]
    assert (directory / "broken~1.txt").read_bytes() == b"broken"
    absent(directory / "broken long.txt")


SLOTS = fatwrite.long_name_slots("a name of more than two parts.txt",
                                 b"PARTS~1 TXT")


@pytest.mark.parametrize("slots", (
    SLOTS[32:], SLOTS[:64], SLOTS[:32] + SLOTS[64:],
    SLOTS[32:64] + SLOTS[:32] + SLOTS[64:], b"\x44" + SLOTS[1:],
    b"\x40" + SLOTS[1:], b"\x54" + SLOTS[1:], b"\x7f" + SLOTS[1:],
    SLOTS[:32] + b"\x03" + SLOTS[33:], SLOTS[:45] + b"\0" + SLOTS[46:],
    SLOTS[:32], SLOTS[:64] + b"\xe5" + SLOTS[65:]),
    ids=("no start", "no end", "no middle", "wrong order", "one missing",
         "number 0", "number 20", "number 31", "number twice",
         "two checksums", "start only", "deleted part"))
def test_a_long_name_with_this_fault_gives_way_to_the_short_one(slots, small,
                                                                board):
    small.add_slots("", slots + fatwrite.short_entry(b"PARTS~1 TXT"))
    small.add("", b"SOUND~1 TXT", b"", long="sound name.txt")
    assert names(board()) == ["PARTS~1.TXT", "sound name.txt"]


def test_an_orphaned_long_name_is_not_shown_and_harms_nothing(volume, board):
    orphan = fatwrite.long_name_slots("orphan.txt", b"ORPHAN~1TXT")
    volume.add_slots("", orphan)
    volume.add("", b"NEXT    TXT", b"next")
    volume.add_slots("", orphan + b"\xe5" + fatwrite.short_entry(
        b"ORPHAN~1TXT")[1:])
    volume.add("", b"LAST~1  TXT", b"last", long="last long.txt")
    volume.add_slots("", orphan)
    assert names(board()) == ["NEXT.TXT", "last long.txt"]


def test_a_new_long_name_in_the_middle_of_another_begins_afresh(small, board):
    small.add_slots("", SLOTS[:32])
    small.add("", b"SOUND~1 TXT", b"", long="sound name.txt")
    assert names(board()) == ["sound name.txt"]


def test_an_empty_long_name_gives_way_to_the_short_one(small, board):
    slot = b"\x41" + b"\0" * 2 + b"\xff" * 8 + b"\x0f\0"
    slot += bytes([fatwrite.checksum(b"EMPTY   TXT")]) + b"\xff" * 12
    small.add_slots("", slot + b"\0\0" + b"\xff" * 4
                    + fatwrite.short_entry(b"EMPTY   TXT"))
    assert names(board()) == ["EMPTY.TXT"]


def test_a_name_of_more_than_255_units_gives_way_to_the_short_one(small,
                                                                  board):
    small.add("", b"TOOLONG TXT", b"x", long="a" * 256)
    assert names(board()) == ["TOOLONG.TXT"]


@pytest.mark.parametrize("name", ("日" * 255, "ä" * 128, "日" * 86))
def test_a_name_of_more_than_255_bytes_is_shown_by_its_short_one(name, small,
                                                                 board):
    fits = name[:255 // len(name[0].encode())]
    small.add("", b"BYTES~1 TXT", b"x", long=name)
    small.add("", b"FITS~1  TXT", b"y", long=fits)
    directory = board()
    assert names(directory) == sorted(["BYTES~1.TXT", fits])
    assert (directory / "bytes~1.txt").read_bytes() == b"x"
    assert (directory / fits).read_bytes() == b"y"


def test_long_names_cross_the_borders_of_clusters(volume, board):
    wanted = {f"{'long ' * (index % 9)}name {index}": b"%d" % index
              for index in range(60)}
    volume.add_directory("", b"SUB        ")
    for index, (name, data) in enumerate(wanted.items()):
        volume.add("SUB", b"N%07d   " % index, data, long=name)
    directory = board() / "SUB"
    assert names(directory) == sorted(wanted)
    for name, data in wanted.items():
        assert (directory / name).read_bytes() == data


@pytest.mark.parametrize("name", ("a/b.txt", "..", ".", "x\0y/z"))
def test_a_name_no_directory_may_hold_is_never_shown(name, small, board):
    small.add("", b"EVIL~1  TXT", b"evil", long=name)
    small.add("", b"OTHER   TXT", b"other")
    directory = board()
    assert set(names(directory)) <= {"OTHER.TXT", "EVIL~1.TXT", "x"}
    assert (directory / "other.txt").read_bytes() == b"other"


@pytest.mark.parametrize("short", (b"A/B     TXT", b"A\0B     TXT",
                                   b".       TXT", b"/          "))
def test_a_short_name_no_directory_may_hold_is_never_shown(short, small,
                                                           board):
    small.add("", short, b"evil")
    small.add("", b"OTHER   TXT", b"other")
    directory = board()
    assert not [name for name in names(directory)
                if name != "OTHER.TXT" and ("/" in name or "\0" in name)]
    assert (directory / "other.txt").read_bytes() == b"other"


@pytest.mark.parametrize("short, shown", ((b" AME1   BIN", " AME1.BIN"),
                                          (b"N>ME4   BIN", "N>ME4.BIN")))
def test_a_short_name_with_odd_characters_is_shown(short, shown, small,
                                                   board):
    small.add("", short, b"odd")
    directory = board()
    assert names(directory) == [shown]
    assert (directory / shown).read_bytes() == b"odd"


# Short names

@pytest.mark.parametrize("bits, shown", (
    (0, "KERNEL8.IMG"), (BASE, "kernel8.IMG"), (EXTENSION, "KERNEL8.img"),
    (BASE | EXTENSION, "kernel8.img")))
def test_the_nt_bits_give_lower_case(bits, shown, volume, board):
    volume.add("", b"KERNEL8 IMG", b"x", nt=bits)
    assert names(board()) == [shown]


def test_0x05_stands_for_0xe5(volume, board):
    volume.add("", b"\x05BC     TXT", b"x")
    directory = board()
    assert names(directory) == ["\u03c3BC.TXT"]
    assert (directory / "\u03c3BC.TXT").read_bytes() == b"x"


def test_a_short_name_is_code_page_437(small, board):
    small.add("", b"\x8e\x99\x9a     TXT", b"x")
    directory = board()
    assert names(directory) == ["ÄÖÜ.TXT"]
    assert (directory / "äöü.txt").read_bytes() == b"x"


def test_the_option_chooses_code_page_850(small, mount):
    small.add("", b"B\x9dT     TXT", b"x")
    daemon = mount("codepage=850")
    assert names(daemon.path / "v") == ["BØT.TXT"]
    assert (daemon.path / "v/bøt.txt").read_bytes() == b"x"


def test_a_conf_file_chooses_the_code_page_of_one_image(small, images, mount):
    small.add("", b"B\x9dT     TXT", b"x")
    daemon = mount()
    assert names(daemon.path / "v") == ["B¥T.TXT"]
    (images / "v.conf").write_text("[image]\ncodepage = 850\n")
    assert names(daemon.path / "v") == ["BØT.TXT"]
    assert (daemon.path / "v/bøt.txt").read_bytes() == b"x"


# Lookup

@pytest.mark.parametrize("asked", (
    "Straße Ä é.Txt", "STRAßE Ä É.TXT", "straße ä é.txt", "STRASS~1.TXT",
    "strass~1.txt", "Straße Ä é.Txt.", "Straße Ä é.Txt..."))
def test_a_name_is_found_as(asked, small, board):
    small.add("", b"STRASS~1TXT", b"x", long="Straße Ä é.Txt")
    assert (board() / asked).read_bytes() == b"x"


@pytest.mark.parametrize("stored, asked", (
    ("k.txt", "\u212a.txt"), ("s.txt", "\u017f.txt"), ("i.txt", "\u0130.txt"),
    ("I.txt", "\u0131.txt"), ("strasse.txt", "straße.txt"),
    ("é.txt", unicodedata.normalize("NFD", "é.txt")), ("a.txt", "a.txt "),
    ("a.txt", "a"), ("a.txt", "a.tx"), ("a.txt", "a.txtt")))
def test_a_name_is_not_found_as_another(stored, asked, small, board):
    small.add("", b"STORED~1TXT", b"x", long=stored)
    directory = board()
    assert (directory / stored).exists()
    absent(directory / asked)


def test_an_exact_match_goes_before_one_in_another_case(small, board):
    small.add("", b"FIRST~1 TXT", b"first", long="Readme.txt")
    small.add("", b"SECOND~1TXT", b"second", long="README.TXT")
    directory = board()
    assert (directory / "README.TXT").read_bytes() == b"second"
    assert (directory / "Readme.txt").read_bytes() == b"first"
    assert (directory / "readme.TXT").read_bytes() == b"first"


def test_of_two_entries_of_one_name_the_first_is_listed_and_opened(volume,
                                                                   board):
    volume.add("", b"CONFIG  TXT", b"first")
    volume.add("", b"CONFIG  TXT", b"second")
    directory = board()
    assert os.listdir(directory) == ["CONFIG.TXT"]
    assert (directory / "config.txt").read_bytes() == b"first"


# Shown and hidden

@pytest.mark.parametrize("attributes", (0, READ_ONLY, HIDDEN, SYSTEM, ARCHIVE,
                                        HIDDEN | SYSTEM, 0x40, 0x80))
def test_a_file_with_these_attributes_is_shown(attributes, small, board):
    small.add("", b"FILE    BIN", b"x", attributes=attributes)
    directory = board()
    assert names(directory) == ["FILE.BIN"]
    assert (directory / "file.bin").read_bytes() == b"x"


@pytest.mark.parametrize("attributes", (LABEL, LABEL | ARCHIVE,
                                        LABEL | HIDDEN, LABEL | DIRECTORY))
@pytest.mark.parametrize("where", ("", "SUB"))
def test_a_volume_label_is_hidden(attributes, where, small, board):
    small.add_directory("", b"SUB        ")
    small.add(where, b"LABEL      ", b"x" * 600, attributes=attributes)
    small.add(where, b"FILE    BIN", b"x")
    directory = board() / where
    assert "LABEL" not in names(directory)
    absent(directory / "label")
    assert (directory / "file.bin").exists()


def test_a_deleted_entry_is_hidden(volume, board):
    offset = volume.add("", b"DELETED TXT", b"x")
    volume.add("", b"KEPT    TXT", b"y")
    volume.put(offset, b"\xe5")
    directory = board()
    assert names(directory) == ["KEPT.TXT"]
    absent(directory / "deleted.txt", directory / "\u03c3ELETED.TXT")


def test_what_follows_the_end_marker_is_hidden(volume, board):
    volume.add("", b"FIRST   TXT", b"x")
    volume.add_slots("", b"\xff" * 31 + b"\0")      # keeps the place
    last = volume.add("", b"SECOND  TXT", b"y")
    volume.put(last - 32, bytes(32))
    directory = board()
    assert names(directory) == ["FIRST.TXT"]
    absent(directory / "second.txt")


# Sizes and ends of directories

def test_five_thousand_entries_are_listed_and_found(images, mount):
    volume = fatwrite.small_volume(images / "v.img", 16, 5000, 8192)
    volume.add_directory("", b"BIG        ")
    wanted = [f"entry number {index} of many.dtbo" for index in range(5000)]
    slots = []
    for index, name in enumerate(wanted):
        short = b"E%07dDTB" % index
        slots.append(fatwrite.long_name_slots(name, short)
                     + fatwrite.short_entry(short))
    volume.add_slots("BIG", b"".join(slots))
    directory = mount().path / "v/big"
    assert names(directory) == sorted(wanted)
    for name in wanted[::500] + wanted[-1:]:
        assert (directory / name).stat().st_size == 0
    absent(directory / "entry number 5000 of many.dtbo")


def test_a_directory_without_end_marker_ends_with_its_chain(volume, board):
    volume.add_directory("", b"FULL       ")
    per_cluster = volume.cluster_bytes // 32
    for index in range(2 * per_cluster - 2):
        volume.add_slots("FULL", fatwrite.short_entry(b"F%07d   " % index))
    offsets = volume.directory_slots("FULL")
    assert len(offsets) == 2 * per_cluster
    assert all(volume.get(offset, 1) != b"\0" for offset in offsets)
    assert names(board() / "full") == [f"F{index:07}" for index
                                       in range(2 * per_cluster - 2)]


@pytest.mark.parametrize("fat", (12, 16))
def test_a_root_directory_without_end_marker_ends_with_its_area(fat, images,
                                                                board):
    volume = fatwrite.small_volume(images / "v.img", fat,
                                   5000 if fat == 16 else 200,
                                   options=("-r", "32"))
    count = volume.root_bytes // 32
    assert count == 32
    volume.add_slots("", b"".join(
        fatwrite.short_entry(b"F%07d   " % index) for index in range(count)))
    volume.put(volume.data_start, fatwrite.short_entry(b"BEYOND     "))
    assert names(board()) == [f"F{index:07}" for index in range(count)]


def test_a_directory_without_dot_entries_is_served(volume, mount):
    offset = volume.add_directory("", b"SUB        ")
    volume.put(volume.cluster_offset(
        int.from_bytes(volume.get(offset + 0x1a, 2), "little")),
        fatwrite.short_entry(b"ONLY    TXT") + bytes(32))
    daemon = mount()
    for _ in range(2):
        assert names(daemon.path / "v/sub") == ["ONLY.TXT"]
        assert (daemon.path / "v/sub/only.txt").read_bytes() == b""
    line, = daemon.final_log_lines(r"v\.img")
    assert "Linux would not enter" in line and "serving it" in line


def test_dot_entries_on_the_disk_are_not_followed(volume, board):
    volume.add_directory("", b"A          ")
    volume.add_directory("A", b"B          ")
    volume.add_directory("", b"ELSEWHER   ")
    volume.add("ELSEWHER", b"WRONG   TXT")
    volume.add("A", b"RIGHT   TXT")
    inner = volume.cluster_offset(volume.find("A/B").first_cluster)
    volume.set_entry(inner, cluster=volume.find("ELSEWHER").first_cluster)
    volume.set_entry(inner + 32,
                     cluster=volume.find("ELSEWHER").first_cluster)
    directory = board()
    assert names(directory / "a/b") == []
    assert names(f"{directory}/a/b/..") == ["B", "RIGHT.TXT"]
