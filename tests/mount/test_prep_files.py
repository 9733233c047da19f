# SPDX-License-Identifier: BSD-2-Clause
"""--copy and --remove: files on the boot partition."""

import os

import pytest

from fatread import Volume
from prep_fixture import image, work  # noqa: F401
from prep_samples import put_files
from preptool import (USAGE, assert_sound, boot, boot_files, digest,
                      outside_boot, partition_start, prep, refused, said,
                      state)


@pytest.fixture
def extra(work):
    """Files to copy: a file, and a directory with more."""
    (work / "new.bin").write_bytes(b"new" * 1000)
    (work / "tree/sub/deep").mkdir(parents=True)
    (work / "tree/empty").mkdir()
    (work / "tree/one.txt").write_bytes(b"one")
    (work / "tree/sub/two.txt").write_bytes(b"two" * 999)
    (work / "tree/sub/deep/three.txt").write_bytes(b"")
    return work


TREE = {"one.txt": b"one", "sub/two.txt": b"two" * 999,
        "sub/deep/three.txt": b""}


def below(directory):
    return {f"{directory}/{name}": data for name, data in TREE.items()}


def copy(image, *copies):
    """What --copy adds or changes; the rest has to stay."""
    before, elsewhere = boot_files(image), outside_boot(image)
    prep(*(word for place in copies for word in ("--copy", place)), image)
    after = boot_files(image)
    assert_sound(image)
    assert outside_boot(image) == elsewhere
    assert before.keys() <= after.keys()
    return {name: data for name, data in after.items()
            if before.get(name) != data}


def test_a_file_goes_to_the_top_under_its_own_name(image, extra):
    assert copy(image, extra / "new.bin") == {"new.bin": b"new" * 1000}


@pytest.mark.parametrize("place, path", (
    ("other.bin", "other.bin"), ("/other.bin", "other.bin"),
    ("overlays/x.dtbo", "overlays/x.dtbo"), ("overlays", "overlays/new.bin"),
    ("overlays/", "overlays/new.bin"), ("/", "new.bin"),
    ("OVERLAYS/README", "overlays/README"), ("config.txt", "config.txt")))
def test_a_file_goes_to_a_path_or_into_a_directory(place, path, image, extra):
    assert copy(image, f"{extra / 'new.bin'}:{place}") == {
        path: b"new" * 1000}


@pytest.mark.parametrize("place, path", (
    ("firmware/", "firmware/new.bin"), ("a/b/c.bin", "a/b/c.bin"),
    ("//a//b///c.bin", "a/b/c.bin"), ("a//b//", "a/b/new.bin"),
    ("a/b/", "a/b/new.bin")))
def test_directories_that_are_not_there_are_made(place, path, image, extra):
    assert copy(image, f"{extra / 'new.bin'}:{place}") == {
        path: b"new" * 1000}


@pytest.mark.parametrize("place", ("vmlinuz/", "vmlinuz/c.bin"))
def test_a_file_is_no_directory_to_copy_into(place, image, extra):
    before = state(image)
    refused("--copy", f"{extra / 'new.bin'}:{place}", image,
            says=place.split("/")[0])
    assert state(image) == before


def test_a_directory_goes_with_all_in_it(image, extra):
    assert copy(image, extra / "tree") == below("tree")
    assert boot(image).exists("tree/empty")


@pytest.mark.parametrize("place, path", (
    ("elsewhere", "elsewhere"), ("overlays", "overlays/tree"),
    ("overlays/", "overlays/tree"), ("more/", "more/tree")))
def test_a_directory_goes_to_a_path_or_into_a_directory(place, path, image,
                                                        extra):
    assert copy(image, f"{extra / 'tree'}:{place}") == below(path)


def test_a_directory_is_merged_with_one_that_is_there(image, extra):
    put_files(boot(image), {"tree/one.txt": b"old" * 5000,
                            "tree/mine.txt": b"mine"})
    assert copy(image, extra / "tree") == below("tree")
    assert boot(image).read("tree/mine.txt") == b"mine"


def test_several_are_copied_in_order(image, extra):
    (extra / "last.bin").write_bytes(b"last")
    assert copy(image, f"{extra / 'new.bin'}:x.bin",
                f"{extra / 'last.bin'}:x.bin", extra / "new.bin") == {
        "x.bin": b"last", "new.bin": b"new" * 1000}


def test_what_is_there_is_replaced(image, extra):
    assert copy(image, f"{extra / 'new.bin'}:vmlinuz") == {
        "vmlinuz": b"new" * 1000}


def test_a_file_that_is_a_link_is_copied_as_what_it_leads_to(image, extra):
    os.symlink("new.bin", extra / "link.bin")
    assert copy(image, extra / "link.bin") == {"link.bin": b"new" * 1000}


def test_a_copy_keeps_the_time_of_the_file(image, extra):
    os.utime(extra / "new.bin", (1700000000, 1700000000))
    copy(image, extra / "new.bin")
    entry = Volume(image, partition_start(image, 1)).find("new.bin")
    date = int.from_bytes(entry.raw[0x18:0x1a], "little")
    assert 1980 + (date >> 9) == 2023


def test_the_same_copy_again_changes_nothing(image, images, extra):
    os.utime(extra / "new.bin", (1700000000, 1700000000))
    words = ("--copy", extra / "new.bin", "--copy", extra / "tree", image)
    prep(*words)
    before = state(images)
    prep(*words)
    assert state(images) == before


def test_a_file_in_the_place_of_a_directory_is_refused(image, extra):
    put_files(boot(image), {"tree": b"a file"})
    before = state(image)
    refused("--copy", extra / "tree", image, says="tree")
    assert state(image) == before


@pytest.mark.parametrize("name", ("a:b", "what?", "a*b", "x<y", 'q"q'))
def test_a_name_that_fat_cannot_have_is_refused(name, image, work):
    (work / name).write_bytes(b"x")
    before = state(image)
    refused("--copy", work / name, image, says="a|what", status=(USAGE, 2))
    assert state(image) == before


@pytest.mark.parametrize("name, why", (
    ("foo.", "it ends in a dot"), ("foo ", "it ends in a blank"),
    ("a\tb", "it has a control character"), ("a*b", "no name on a FAT has"),
    ("\U0001f600", "it has a character that mtools cannot write"),
    ("x" * 256, "it is too long"),
    ("aux", "mtools takes it for a device"), ("dir/CON", "mtools takes it"),
    ("Lpt4/x", "mtools takes it"), ("com1", "mtools takes it")))
def test_why_a_name_cannot_be_used_is_said(name, why, image, extra):
    before = state(image)
    refused("--copy", f"{extra / 'new.bin'}:{name}", image,
            says=f'the name ".*" cannot be used on the boot partition: {why}')
    assert state(image) == before


@pytest.mark.parametrize("name", ("aux.dtbo", "com5", "console", "nul.txt"))
def test_a_name_that_looks_like_a_device_is_a_name(name, image, extra):
    assert copy(image, f"{extra / 'new.bin'}:{name}") == {
        name: b"new" * 1000}


def test_a_source_that_is_not_there_is_refused_by_name(image, work):
    before = state(image)
    refused("--copy", work / "gone.bin", image,
            says=r"gone\.bin.*No such file", status=(USAGE, 2))
    assert state(image) == before


def test_for_too_much_it_says_the_file_the_need_and_the_room(image, images,
                                                            work):
    (work / "large.bin").write_bytes(os.urandom(9 << 20))
    before = state(images)
    errors = refused("--copy", work / "large.bin", image, says="large.bin")
    assert "9437184" in errors or "9.0 MiB" in errors or "9 MiB" in errors
    assert len([word for word in errors.split() if word[0].isdigit()]) >= 2
    assert state(images) == before


def test_what_fits_after_the_removal_fits(image, images, work):
    put_files(boot(image), {"old.bin": bytes(6 << 20)})
    (work / "new.bin").write_bytes(b"n" * (6 << 20))
    before = state(images)
    refused("--copy", work / "new.bin", image, says="new.bin")
    assert state(images) == before
    prep("--remove", "old.bin", "--copy", work / "new.bin", image)
    assert boot(image).read("new.bin") == b"n" * (6 << 20)
    assert_sound(image)


def test_what_fits_in_the_place_of_the_old_one_fits(image, work):
    put_files(boot(image), {"new.bin": bytes(6 << 20)})
    (work / "new.bin").write_bytes(b"n" * (6 << 20))
    prep("--copy", work / "new.bin", image)
    assert boot(image).read("new.bin") == b"n" * (6 << 20)
    assert_sound(image)


# --remove


def remove(image, *paths):
    """The names that are gone; the rest has to stay."""
    before = boot_files(image)
    prep(*(word for path in paths for word in ("--remove", path)), image)
    after = boot_files(image)
    assert_sound(image)
    assert {name: before[name] for name in after} == after
    return sorted(before.keys() - after.keys())


@pytest.mark.parametrize("path", ("README", "/README", "readme"))
def test_a_file_is_removed(path, image):
    assert remove(image, path) == ["README"]


@pytest.mark.parametrize("path", ("overlays", "overlays/", "/OVERLAYS"))
def test_a_directory_is_removed_with_all_in_it(path, image):
    assert remove(image, path) == [
        "overlays/README", "overlays/dwc2.dtbo", "overlays/overlay_map.dtb",
        "overlays/vc4-kms-v3d.dtbo"]
    assert not boot(image).exists("overlays")


@pytest.mark.parametrize("path", ("gone", "gone/too", "overlays/gone",
                                  "README/gone"))
def test_what_is_not_there_is_no_error(path, image):
    before = digest(image)
    prep("--remove", path, image)
    assert digest(image) == before


def test_a_pattern_is_no_pattern(image):
    before = digest(image)
    prep("--remove", "*", image, status=(0, USAGE, 2))
    prep("--remove", "overlays/*", image, status=(0, USAGE, 2))
    assert digest(image) == before


def test_a_read_only_or_hidden_file_is_removed_and_replaced(image, extra):
    boot(image).attributes("README", "+r", "+h", "+s")
    boot(image).attributes("vmlinuz", "+r")
    assert remove(image, "README") == ["README"]
    assert copy(image, f"{extra / 'new.bin'}:vmlinuz") == {
        "vmlinuz": b"new" * 1000}


def test_the_top_itself_is_not_removed(image):
    before = digest(image)
    refused("--remove", "/", image, says="(?i)remove|/", status=(USAGE, 2))
    assert digest(image) == before


def test_files_are_removed_before_others_are_copied(image, extra):
    prep("--copy", extra / "tree", "--remove", "tree", image)
    assert below("tree").items() <= boot_files(image).items()


def test_what_is_copied_and_removed_is_said(image, extra):
    output = said(prep("--copy", extra / "new.bin", "--remove", "README",
                       image))
    assert "new.bin" in output and "README" in output
