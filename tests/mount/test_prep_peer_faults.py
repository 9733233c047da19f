# SPDX-License-Identifier: BSD-2-Clause
"""What nobodd-prep, the nearest peer, does wrong; the sentences are of
reference/peers.md, as a fault that is not there."""

import shutil
import struct

import pytest

import fatwrite
import table
from disk import MIB
from harness import run
from prep_fixture import work  # noqa: F401
from prep_initrd import initramfs_tools
from prep_samples import (JAMMY_KERNEL, jammy_files, place, put_files, small,
                          write_table, write_volume)
from prep_texts import DNSMASQ, EXPORT, PREPARED_CMDLINE
from preptool import (NBD, NETWORK, USAGE, assert_sound, boot, boot_files,
                      cmdline, digest, fsck, names, partition_start, prep,
                      printed, refused, state)


@pytest.fixture
def image(images):
    place("jammy", images / "jammy.img")
    return images / "jammy.img"


def test_ip_and_nbdroot_do_not_pile_up(image):
    for host in ("10.0.0.1", "10.0.0.2", "192.168.1.10"):
        prep("--nbd-host", host, *NETWORK, image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_parameters_that_have_piled_up_become_one_each(image):
    boot(image).write("cmdline.txt", b"ip=dhcp nbdroot=10.0.0.1/a "
                      b"root=/dev/nbd0p2 ip=dhcp nbdroot=10.0.0.2/b "
                      b"root=/dev/nbd0p2 console=tty1\n")
    prep(*NBD, image)
    assert cmdline(image) == (b"ip=dhcp nbdroot=192.168.1.10/jammy "
                              b"root=/dev/nbd0p2 console=tty1\n")


@pytest.mark.parametrize("failing", (
    ("--copy", "large"), ("--nbd-name", "a name"),
    ("-p", "2"), ("--serial", "not-a-serial"), ("--root-partition", "7")))
def test_a_failed_run_empties_no_configuration_and_resizes_no_image(
        failing, image, images, work, monkeypatch):
    monkeypatch.chdir(work)
    (work / "large").write_bytes(bytes(80 * MIB))
    (work / "nbd.conf").write_text("# the lab's\n[lab]\nexportname=/x\n")
    (work / "dnsmasq.conf").write_text("# the lab's\nport=0\n")
    before = state(images, work / "nbd.conf", work / "dnsmasq.conf")
    result = prep(*NBD, "--size", "1G", "--serial", "89025d75", "--nbd-conf",
                  work / "nbd.conf", "--dnsmasq-conf", work / "dnsmasq.conf",
                  *failing, image, status=(USAGE, 2))
    assert result.stderr
    assert state(images, work / "nbd.conf", work / "dnsmasq.conf") == before
    assert names(images) == ["jammy.img"]


def test_overwriting_leaks_no_clusters(image, work):
    """Larger, smaller, of the same size, empty: what is used is what the
    files need."""
    used = assert_sound(image)
    for size in (300_000, 5_000, 5_000, 0, 1, 1024, 1025):
        (work / "new.bin").write_bytes(b"n" * size)
        prep("--copy", work / "new.bin", image)
        assert boot(image).read("new.bin") == b"n" * size
        assert assert_sound(image) == used + -(-size // 1024)
    prep("--remove", "new.bin", image)
    assert assert_sound(image) == used


def test_a_shrinking_file_frees_its_own_clusters_only(image, work):
    """The files around it in the clusters stay whole."""
    files = {f"f{index}.bin": bytes([65 + index]) * 20_000
             for index in range(6)}
    put_files(boot(image), files)
    before = boot_files(image)
    used = assert_sound(image)
    for index in (0, 2, 4):
        (work / f"f{index}.bin").write_bytes(b"short")
        prep("--copy", work / f"f{index}.bin", image)
        before[f"f{index}.bin"] = b"short"
        used += 1 - 20
        assert boot_files(image) == before
        assert assert_sound(image) == used


def test_a_larger_gpt_has_its_backup_header_at_its_end(images):
    image = images / "slots.img"
    place("slots", image)
    prep("--size", "256M", image)
    assert image.stat().st_size == 256 * MIB
    result = run("sgdisk", "-v", image)
    assert "No problems found" in result.stdout
    last = 256 * MIB - 512
    assert table.get(image, last, 8) == b"EFI PART"
    this, other = struct.unpack_from("<QQ", table.get(image, last, 40), 24)
    assert (this, other) == (last // 512, 1)
    assert struct.unpack_from("<Q", table.get(image, 512, 40), 32)[0] == \
        last // 512
    assert "is corrupt" not in run("sfdisk", "-l", image).stderr


def test_nested_directories_are_removed(image):
    put_files(boot(image), {"a/one.txt": b"1", "a/b/two.txt": b"2" * 9000,
                            "a/b/c/d/three.txt": b"3"})
    before = boot_files(image)
    prep("--remove", "a", image)
    assert boot_files(image) == {
        name: data for name, data in before.items()
        if not name.startswith("a/")}
    assert not boot(image).exists("a")
    assert_sound(image)


@pytest.mark.parametrize("option, other, text", (
    ("--nbd-conf", "--dnsmasq-conf", EXPORT),
    ("--dnsmasq-conf", "--nbd-conf", DNSMASQ)))
def test_a_dash_as_output_file_prints(option, other, text, image, work):
    result = prep("-q", *NBD, "--tftp-root", "/srv/tftp", option, "-", other,
                  work / "other.conf", image)
    assert printed(result.stdout) == text.format(path=image,
                                                 root="/srv/tftp")
    assert names(work) == ["images", "other.conf"]


def test_dnsmasq_is_configured_without_any_serial(image, work):
    prep(*NBD, "--dnsmasq-conf", work / "dnsmasq.conf", image)
    assert (work / "dnsmasq.conf").read_text() == DNSMASQ.format(
        root="/srv/tftp")


@pytest.mark.parametrize("serial, board", (
    ("0c8f7e5cbd989ae1", "bd989ae1"), ("1000000089025d75", "89025d75"),
    ("000000008a3f0c11", "8a3f0c11")))
def test_serials_have_16_digits_too(serial, board, image, images):
    prep("--serial", serial, image)
    assert names(images) == sorted([board, "jammy.img"])
    assert (images / board).samefile(image)


def test_boot_code_in_bytes_218_and_219_is_no_obstacle(image):
    code = bytes(range(1, 219))
    table.put(image, 0, code + b"\x12\x34" + b"\x90" * 220)
    before = table.get(image, 0, 512)
    prep(*NBD, "--size", "200M", image)
    assert table.get(image, 0, 512) == before
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]


def test_an_ebr_that_points_at_itself_is_no_endless_loop(images):
    image = images / "jammy.img"
    write_table(image, 24 * MIB, "label: dos\n1 : start=2048, size=16384, "
                "type=c\n2 : start=20480, size=12288, type=83\n"
                "3 : start=36864, size=8192, type=5\n")
    place_small_system(image)
    table.write_mbr(image, [table.mbr_entry(1, 4096, 0x83),
                            table.mbr_entry(0, 8192, 0x05)], 36864 * 512)
    prep(*NBD, image, timeout=20)
    assert cmdline_at(image) == PREPARED_CMDLINE["jammy"]


def place_small_system(image):
    """The volumes of small(), where a table of another kind puts them."""
    other = image.with_name("other")
    small(other)
    with other.open("rb") as source, image.open("r+b") as target:
        for start, size, to in ((MIB, 8 * MIB, MIB),
                                (9 * MIB, 6 * MIB, 10 * MIB)):
            source.seek(start)
            target.seek(to)
            target.write(source.read(size))
    other.unlink()


def cmdline_at(image):
    """Without sfdisk, which such a table would keep busy."""
    return fatwrite.Writer(image, MIB).read("cmdline.txt")


FOREIGN = "Größe – 5 €.txt"


def test_names_with_a_dash_or_a_euro_sign_are_no_obstacle(image):
    volume = fatwrite.Writer(image, partition_start(image, 1))
    volume.add_slots("", fatwrite.long_name_slots(FOREIGN, b"GRSSE5~1TXT")
                     + fatwrite.short_entry(b"GRSSE5~1TXT"))
    volume.add_slots("", fatwrite.short_entry(b"\xee-\x9e     TXT"))
    before = {entry.name for entry in volume.entries()}
    assert FOREIGN in before
    prep(*NBD, image)
    after = fatwrite.Writer(image, volume.offset)
    assert {entry.name for entry in after.entries()} == before
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert fsck(image)[0] == 0


@pytest.mark.parametrize("locale", ("C", "C.UTF-8"))
def test_files_with_such_names_are_copied_and_removed(locale, image, work,
                                                      monkeypatch):
    monkeypatch.setenv("LC_ALL", locale)
    (work / FOREIGN).write_bytes(b"euro")
    prep("--copy", work / FOREIGN, image)
    volume = fatwrite.Writer(image, partition_start(image, 1))
    assert volume.read(FOREIGN) == b"euro"
    prep("--remove", FOREIGN, image)
    assert FOREIGN not in {entry.name for entry in volume.entries()}
    assert_sound(image)


def test_zero_dates_are_no_obstacle(image, work):
    volume = fatwrite.Writer(image, partition_start(image, 1))
    for name in ("cmdline.txt", "config.txt", "initrd.img", "user-data"):
        slot = volume.find(name).offset
        volume.put(slot + 0x0d, bytes(7))       # creation, access
        volume.put(slot + 0x16, bytes(4))       # modification
    initrd = initramfs_tools(JAMMY_KERNEL)
    (work / "initrd.img").write_bytes(initrd)
    prep(*NBD, "--copy", work / "initrd.img", image)
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert boot(image).read("initrd.img") == initrd
    prep("--check", image)
    assert_sound(image)


def test_user_data_is_edited_and_dnsmasq_configured(image, work):
    """Which the peer never does."""
    result = prep(*NBD, image)
    assert b"\n- nbd-client\n" in boot(image).read("user-data")
    assert "pxe-service=0" in result.stdout


def test_an_unpartitioned_image_is_prepared_as_a_whole(images):
    """A disk that is one FAT volume has no partition for a root: it says so
    and leaves it alone."""
    image = images / "fat.img"
    write_volume(image, 0, jammy_files(), 36 * MIB, "BOOT")
    before = digest(image)
    refused(*NBD, image, says="root")
    assert digest(image) == before


def test_an_image_that_is_cut_short_is_refused(images, image):
    cut = images / "cut.img"
    shutil.copy(image, cut)
    with cut.open("r+b") as file:
        file.truncate(40 * MIB)
    before = digest(cut)
    refused(*NBD, cut, says="cut.img")
    assert digest(cut) == before
