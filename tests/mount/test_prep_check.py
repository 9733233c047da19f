# SPDX-License-Identifier: BSD-2-Clause
"""Will it boot: what is missing is a warning, what is not is none."""

import gzip
import re

import pytest

from disk import MIB
from prep_fixture import work  # noqa: F401
from prep_initrd import arm64_kernel, dracut, initramfs_tools
from prep_samples import (JAMMY_KERNEL, PI4_DTBS, QUESTING_KERNEL,
                          bookworm_files, jammy_files, place, questing_files,
                          small)
from prep_texts import PREPARED_CMDLINE
from preptool import NBD, WARNED, boot, prep, said

READY = {"initrd.img": initramfs_tools(JAMMY_KERNEL),
         "cmdline.txt": PREPARED_CMDLINE["jammy"]}


def jammy(images, **changed):
    """A prepared image, but for what is changed (None: left out)."""
    files = {**jammy_files(), **READY,
             **{name.replace("_", "."): data
                for name, data in changed.items()}}
    small(images / "jammy.img",
          {name: data for name, data in files.items() if data is not None})
    return images / "jammy.img"


def warnings(image):
    """The warnings of --check, of which there have to be some."""
    return prep("--check", image, status=WARNED).stderr


def test_a_prepared_image_is_ready(images):
    prep("--check", jammy(images))


@pytest.mark.parametrize("shape", ("questing", "bookworm", "slots"))
def test_prepared_images_of_other_shapes_are_ready(shape, images):
    image = images / f"{shape}.img"
    place(shape, image)
    prep(*NBD, image)
    prep("--check", image)


@pytest.mark.parametrize("shape", ("jammy", "noble", "questing", "bookworm",
                                   "slots"))
def test_no_download_is_ready_as_it_is(shape, images):
    place(shape, images / "a.img")
    assert "cmdline.txt" in warnings(images / "a.img")


@pytest.mark.parametrize("name", ("vmlinuz", "initrd.img"))
def test_a_missing_file_is_a_warning(name, images):
    image = jammy(images)
    boot(image).remove(name)
    assert name in warnings(image)


def test_a_missing_device_tree_is_a_warning(images):
    image = jammy(images)
    for name in jammy_files():
        if name.endswith(".dtb") and "/" not in name:
            boot(image).remove(name)
    assert "device tree" in warnings(image)


def test_the_files_of_one_model_are_enough(images):
    image = jammy(images)
    for name in jammy_files():
        if name.startswith("bcm") and name != PI4_DTBS[0]:
            boot(image).remove(name)
    prep("--check", image)


def test_a_missing_module_is_a_warning_with_the_kernel_and_a_remedy(images):
    text = warnings(jammy(images, initrd_img=initramfs_tools(JAMMY_KERNEL,
                                                             False)))
    assert "nbd" in text and JAMMY_KERNEL in text
    assert "linux-modules-extra-raspi" in text


def test_a_module_for_another_kernel_is_a_warning(images):
    text = warnings(jammy(images, initrd_img=initramfs_tools(
        "5.15.0-1034-raspi")))
    assert JAMMY_KERNEL in text and "5.15.0-1034-raspi" in text


def test_another_kernel_than_the_initrds_is_a_warning(images):
    text = warnings(jammy(images, vmlinuz=arm64_kernel("5.15.0-1070-raspi")))
    assert "5.15.0-1070-raspi" in text


def test_a_missing_nbd_client_is_a_warning_with_a_remedy(images):
    text = warnings(jammy(images, initrd_img=initramfs_tools(
        JAMMY_KERNEL, True, False)))
    assert "nbd-client" in text


def test_a_missing_script_is_a_warning(images):
    assert "script" in warnings(jammy(images, initrd_img=initramfs_tools(
        JAMMY_KERNEL, True, True, False)))


def test_modules_for_several_kernels_are_no_trouble(images):
    prep("--check", jammy(images, initrd_img=initramfs_tools(
        "5.15.0-1034-raspi") + initramfs_tools(JAMMY_KERNEL)))


@pytest.mark.parametrize("how", ("xz", "gzip", "zstd", "lz4", "none"))
def test_an_initrd_may_be_compressed_in_any_way(how, images):
    prep("--check", jammy(images, initrd_img=initramfs_tools(
        JAMMY_KERNEL, how=how)))


def test_a_damaged_initrd_is_a_warning(images):
    data = READY["initrd.img"]
    assert "initrd.img" in warnings(jammy(
        images, initrd_img=data[:len(data) // 2]))


def test_a_kernel_that_is_not_compressed_tells_its_version_too(images):
    prep("--check", jammy(images, vmlinuz=gzip.decompress(
        arm64_kernel(JAMMY_KERNEL))))


# cmdline.txt against the rest


@pytest.mark.parametrize("line, word", (
    (b"root=/dev/nbd0p2 ip=dhcp\n", "nbdroot"),
    (b"nbdroot=192.168.1.10/jammy root=/dev/nbd0p2\n", "ip="),
    (b"ip=dhcp nbdroot=192.168.1.10/jammy\n", "root="),
    (b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p7\n", "nbd0p7"),
    (b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p1\n", "nbd0p1"),
    (b"ip=dhcp nbdroot=192.168.1.10/jammy root=LABEL=other\n", "other"),
    (b"ip=dhcp netroot=nbd:192.168.1.10:jammy rd.neednet=1 "
     b"root=/dev/nbd0p2\n", "netroot"),
    (b"ip=dhcp nbdroot=192.168.1.10,jammy root=/dev/nbd0p2\n", "nbdroot"),
    (b"ip=dhcp nbdroot=10.0.0.1/a nbdroot=10.0.0.2/b root=/dev/nbd0p2\n",
     "nbdroot"),
    (b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 "
     b"init=/usr/lib/raspberrypi-sys-mods/firstboot\n", "firstboot"),
    (b"console=tty1\nip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2\n",
     "line"),
    (b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 -- root=/dev/sda2\n",
     "behind"),
    (b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2".ljust(2047)
     + b"x\n", "2048"),
    (b"", "cmdline.txt")))
def test_parameters_that_do_not_agree_are_a_warning(line, word, images):
    text = warnings(jammy(images, cmdline_txt=line))
    assert "cmdline.txt" in text and word in text


def test_a_line_as_long_as_a_kernel_takes_is_none(images):
    prep("--check", jammy(images, cmdline_txt=PREPARED_CMDLINE["jammy"].rstrip()
                          .ljust(2046) + b"x\n"))


def test_what_an_image_says_does_no_harm_to_a_terminal(images):
    text = warnings(jammy(images, config_txt=b"kernel=a\x1b[2J\xc2\x9b2J\n"))
    assert "a?[2J?2J is missing" in text


def test_parameters_for_the_other_initrd_are_a_warning(images):
    files = {**questing_files(), "current/cmdline.txt":
             PREPARED_CMDLINE["jammy"]}
    small(images / "questing.img", files)
    assert "nbdroot" in warnings(images / "questing.img")


def test_dracut_without_its_client_is_a_warning(images):
    files = {**questing_files(),
             "current/cmdline.txt": PREPARED_CMDLINE["questing"],
             "current/initrd.img": dracut(QUESTING_KERNEL, True, False)}
    small(images / "questing.img", files)
    assert "nbd-client" in warnings(images / "questing.img")


# Sizes


@pytest.mark.parametrize("size, word", (
    (33 * MIB, "33553920|32 MiB"), (65 * MIB, "67107840|64 MiB"),
    (93 * MIB, "96205380|92 MiB")))
def test_a_file_that_is_too_large_for_older_boards_is_a_warning(size, word,
                                                               images):
    files = {**jammy_files(), **READY}
    del files["initrd.img"]
    small(images / "jammy.img", files, size=120 * MIB)
    image = images / "jammy.img"
    padded = READY["initrd.img"].ljust(size, b"\0")
    boot(image).write("initrd.img", padded)
    text = warnings(image)
    assert "initrd.img" in text and re.search(word, text)


def test_a_file_of_31_mib_is_none(images):
    files = {**jammy_files(), **READY}
    del files["initrd.img"]
    small(images / "jammy.img", files, size=40 * MIB)
    boot(images / "jammy.img").write(
        "initrd.img", READY["initrd.img"].ljust(31 * MIB, b"\0"))
    prep("--check", images / "jammy.img")


def test_a_long_config_txt_is_a_warning(images):
    config = jammy_files()["config.txt"]
    prep("--check", jammy(images, config_txt=config + b"#\n" * (
        (4096 - len(config)) // 2)))
    text = warnings(jammy(images, config_txt=config.ljust(4097, b"\n")))
    assert "config.txt" in text and "4096" in text


# What else is done with warnings


def test_a_preparation_with_warnings_is_status_0(images):
    place("jammy", images / "jammy.img")
    result = prep(*NBD, images / "jammy.img")
    assert "nbd-client" in result.stderr


def test_a_warning_says_what_will_happen_and_what_to_do(images):
    """As a sentence for each; the remedy is --copy of another initrd."""
    text = warnings(jammy(images, initrd_img=initramfs_tools(
        JAMMY_KERNEL, False, False)))
    assert "--copy" in text or "install" in text


def test_raspberry_pi_os_needs_an_initramfs(images):
    """It has its root's driver in the kernel, so that none is missed on a
    card; nbd is a module."""
    files = {**bookworm_files(), "cmdline.txt": PREPARED_CMDLINE["bookworm"]}
    for name in ("initramfs8", "initramfs_2712"):
        del files[name]
    small(images / "bookworm.img", files, 12 * MIB)
    text = warnings(images / "bookworm.img")
    assert "initr" in text


def test_verbose_says_what_is_right(images):
    output = said(prep("--check", "-v", jammy(images)))
    for word in ("vmlinuz", "initrd.img", "cmdline.txt"):
        assert word in output, word
