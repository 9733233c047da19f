# SPDX-License-Identifier: BSD-2-Clause
"""cmdline.txt of images in the shapes that people download: before, after,
after a second run, for another server."""

import pytest

from prep_fixture import work  # noqa: F401
from prep_samples import (PI4_DTBS, SYSTEM_PARTUUID, bookworm_files,
                          jammy_files, place, questing_files, small)
from prep_texts import CMDLINE, CMDLINE_PATH, PREPARED_CMDLINE
from preptool import (NBD, NETWORK, USAGE, assert_sound, boot, boot_files,
                      cmdline, outside_boot, prep, refused, said, state)

SHAPES = sorted(CMDLINE)
BOOT = {shape: 2 if shape == "slots" else 1 for shape in SHAPES}


@pytest.fixture(params=SHAPES)
def shape(request):
    return request.param


@pytest.fixture
def image(images, shape):
    path = images / f"{shape}.img"
    place(shape, path)
    return path


def line(image, shape):
    return cmdline(image, CMDLINE_PATH[shape], BOOT[shape])


def test_the_root_comes_from_nbd_and_the_rest_stays(shape, image):
    assert line(image, shape) == CMDLINE[shape]
    prep(*NBD, image)
    assert line(image, shape) == PREPARED_CMDLINE[shape]


def test_no_other_file_changes_without_packages(shape, image):
    before = boot_files(image, BOOT[shape])
    elsewhere = outside_boot(image, BOOT[shape])
    prep(*NBD, "--packages", "", image)
    after = boot_files(image, BOOT[shape])
    assert after.pop(CMDLINE_PATH[shape]) == PREPARED_CMDLINE[shape]
    assert before.pop(CMDLINE_PATH[shape]) == CMDLINE[shape]
    assert after == before
    assert outside_boot(image, BOOT[shape]) == elsewhere
    assert_sound(image, BOOT[shape])


def test_a_second_run_changes_nothing(shape, image, images, work):
    words = (*NBD, "--serial", "89025d75", "--nbd-conf", work / "nbd.conf",
             "--dnsmasq-conf", work / "dnsmasq.conf", image)
    prep(*words)
    before = state(images, work / "nbd.conf", work / "dnsmasq.conf")
    prep(*words)
    assert state(images, work / "nbd.conf", work / "dnsmasq.conf") == before


def test_a_new_host_changes_the_host_only(shape, image):
    prep(*NBD, image)
    files = boot_files(image, BOOT[shape])
    elsewhere = outside_boot(image, BOOT[shape])
    prep("--nbd-host", "192.168.1.20", *NETWORK, image)
    path = CMDLINE_PATH[shape]
    assert boot_files(image, BOOT[shape]) == {
        **files, path: files[path].replace(b"192.168.1.10", b"192.168.1.20")}
    assert outside_boot(image, BOOT[shape]) == elsewhere
    prep(*NBD, image)
    assert line(image, shape) == PREPARED_CMDLINE[shape]


def test_without_a_host_it_stays_as_it_is(shape, image, images):
    before = state(images)
    prep(image)
    assert state(images) == before


# What is dropped, and said


@pytest.mark.parametrize("word", (
    "init=/usr/lib/raspberrypi-sys-mods/firstboot",
    "init=/usr/lib/raspi-config/init_resize.sh", "resize"))
def test_what_would_repartition_the_disk_is_dropped_and_said(word, images):
    before = f"console=tty1 root=PARTUUID=4e639091-02 rootwait quiet {word}\n"
    small(images / "lite.img", {**bookworm_files(),
                                "cmdline.txt": before.encode()}, 12 << 20)
    result = prep(*NBD, images / "lite.img")
    assert cmdline(images / "lite.img") == (
        b"console=tty1 ip=dhcp nbdroot=192.168.1.10/lite root=/dev/nbd0p2 "
        b"rootwait quiet\n")
    assert word in said(result)


# How it is to be


def jammy(images, text=CMDLINE["jammy"], name="jammy.img", **more):
    small(images / name, {**jammy_files(), "cmdline.txt": text, **more})
    return images / name


def test_the_export_has_the_name_of_the_image_or_the_one_that_is_given(
        images):
    prep(*NBD, "--nbd-name", "lab-3", jammy(images))
    assert b" nbdroot=192.168.1.10/lab-3 " in cmdline(images / "jammy.img")


@pytest.mark.parametrize("server", ("", ":10810"))
def test_a_new_host_keeps_the_exports_name_and_the_port(server, images, work):
    image = jammy(images, b"ip=dhcp nbdroot=192.168.1.10%s/lab7 "
                          b"root=/dev/nbd0p2\n" % server.encode())
    words = ("--nbd-host", "192.168.1.20", *NETWORK, "--nbd-conf",
             work / "nbd.conf", image)
    prep(*words)
    wanted = (f"ip=dhcp nbdroot=192.168.1.20{server}/lab7 "
              "root=/dev/nbd0p2\n").encode()
    assert cmdline(image) == wanted
    assert "[lab7]" in (work / "nbd.conf").read_text()
    before = state(images, work / "nbd.conf")
    prep(*words)
    assert state(images, work / "nbd.conf") == before
    prep(*NBD, "--nbd-name", "jammy", image)
    assert f"nbdroot=192.168.1.10{server}/jammy".encode() in cmdline(image)


def test_dracut_keeps_the_exports_name_too(images):
    image = images / "questing.img"
    place("questing", image)
    prep(*NBD, "--nbd-name", "lab7", image)
    prep("--nbd-host", "fd00::1", *NETWORK, image)
    assert b" netroot=nbd:[fd00::1]:lab7 " in line(image, "questing")
    prep(*NBD, image)
    assert b" netroot=nbd:192.168.1.10:lab7 " in line(image, "questing")


def test_a_copy_of_an_image_gets_an_export_of_its_own(images):
    """Or two boards would write to one disk."""
    prep(*NBD, jammy(images))
    small(images / "lab3.img", {
        **jammy_files(), "cmdline.txt": PREPARED_CMDLINE["jammy"]})
    prep(*NBD, images / "lab3.img")
    assert b" nbdroot=192.168.1.10/lab3 " in cmdline(images / "lab3.img")


def test_a_name_that_cannot_be_told_again_is_not_kept(images):
    for text in (b"nbdroot=192.168.1.10/-x", b"nbdroot=dhcp", b"nbdroot=/",
                 b"netroot=nbd:192.168.1.10:10809", b"nbdroot=a,b"):
        image = jammy(images, text + b" root=/dev/nbd0p2\n")
        prep(*NBD, image)
        assert b"nbdroot=192.168.1.10/jammy " in cmdline(image)


@pytest.mark.parametrize("host", ("192.168.1.10:10809", "server.lan:1",
                                  "[fd00::1]:10809"))
def test_a_host_with_a_port_is_refused_with_a_remedy(host, images):
    refused("--nbd-host", host, *NETWORK, jammy(images), status=USAGE,
            says="has a port: leave it out")


def test_a_host_may_be_a_name_or_an_ipv6_address(images):
    image = jammy(images)
    for host, told in (("server.lan", b"server.lan"), ("fd00::1", b"[fd00::1]"),
                       ("[fd00::2]", b"[fd00::2]")):
        prep("--nbd-host", host, *NETWORK, image)
        assert b" nbdroot=" + told + b"/jammy " in cmdline(image)


def test_ip_is_the_one_that_is_there_or_the_one_that_is_given(images):
    image = jammy(images, b"ip=192.168.1.9::192.168.1.1:255.255.255.0::eth0 "
                          b"root=LABEL=writable rootwait\n")
    prep(*NBD, image)
    assert cmdline(image) == (
        b"ip=192.168.1.9::192.168.1.1:255.255.255.0::eth0 "
        b"nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 rootwait\n")
    prep(*NBD, "--ip", "dhcp", image)
    assert cmdline(image) == (
        b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 rootwait\n")
    prep(*NBD, image)
    assert cmdline(image).startswith(b"ip=dhcp ")


@pytest.mark.parametrize("root", (
    "LABEL=writable", "PARTUUID=4e639091-02", "/dev/mmcblk0p2", "/dev/sda2",
    "UUID=8f9ad0ac-7bd0-4b3f-9a94-6f0b5a2d1c77", "/dev/nbd0p2",
    "/dev/disk/by-label/elsewhere"))
def test_the_root_partition_is_found_however_it_was_said(root, images):
    image = jammy(images, f"root={root} rootwait\n".encode())
    prep(*NBD, image)
    assert cmdline(image) == (
        b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 rootwait\n")


def test_without_a_root_it_is_the_only_linux_file_system(images):
    image = jammy(images, b"console=tty1 quiet\n")
    prep(*NBD, image)
    assert cmdline(image) == (
        b"console=tty1 quiet ip=dhcp nbdroot=192.168.1.10/jammy "
        b"root=/dev/nbd0p2\n")


@pytest.mark.parametrize("root", ("/dev/sda5", "/dev/nbd0p7", "LABEL=other"))
def test_a_root_that_is_not_there_becomes_the_only_one_and_is_said(root,
                                                                   images):
    image = jammy(images, f"root={root} rootwait\n".encode())
    text = said(prep(*NBD, image))
    assert cmdline(image) == (
        b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 rootwait\n")
    assert f"no partition is root={root}" in text


def test_a_root_behind_a_blank_line_or_in_quotes_is_found(images):
    image = images / "slots.img"
    place("slots", image)
    for before in (b"  \nroot=PARTUUID=%s\n", b"a=\"b root=x\" root=\"PARTUUID=%s"
                   b"\"\n", b"root=PARTUUID=%s -- root=/dev/sda4\n"):
        boot(image, 2).write("cmdline.txt",
                             before % SYSTEM_PARTUUID[1].encode())
        prep(*NBD, image)
        assert b" root=/dev/nbd0p5" in cmdline(image, number=2)


def test_one_of_several_linux_file_systems_has_to_be_named(images):
    image = images / "slots.img"
    place("slots", image)
    before = b"root=/dev/disk/by-slot/active/system rootwait\n"
    boot(image, 2).write("cmdline.txt", before)
    refused(*NBD, image, says="3 partitions have .*--root-partition")
    assert cmdline(image, number=2) == before
    prep(*NBD, "--root-partition", "5", image)
    assert cmdline(image, number=2) == (
        b"ip=dhcp nbdroot=192.168.1.10/slots root=/dev/nbd0p5 rootwait\n")


def test_the_second_slot_is_found_by_its_partuuid(images):
    image = images / "slots.img"
    place("slots", image)
    boot(image, 2).write(
        "cmdline.txt", f"root=PARTUUID={SYSTEM_PARTUUID[1]}\n".encode())
    prep(*NBD, image)
    assert cmdline(image, number=2).endswith(b" root=/dev/nbd0p5\n")


def test_only_the_slot_that_boards_boot_from_is_edited(images):
    image = images / "slots.img"
    place("slots", image)
    prep(*NBD, image)
    assert cmdline(image, number=2) == PREPARED_CMDLINE["slots"]
    assert cmdline(image, number=3) == CMDLINE["slots"]


def test_the_other_slot_is_edited_when_it_is_named(images):
    image = images / "slots.img"
    place("slots", image)
    prep(*NBD, "-p", "3", image)
    assert cmdline(image, number=2) == CMDLINE["slots"]
    assert cmdline(image, number=3) == PREPARED_CMDLINE["slots"]


def test_a_slot_that_boards_will_not_get_is_warned_of(images):
    image = images / "slots.img"
    place("slots", image)
    text = said(prep(*NBD, "-p", "3", image))
    assert "warning: boards will get partition 2" in text
    assert "partition = 3" in text and "slots.conf" in text
    (images / "slots.conf").write_text("[image]\npartition = 3\n")
    assert "boards will get" not in said(prep(*NBD, "-p", "3", image))
    assert "partition = 2" in said(prep(*NBD, "-p", "2", image))
    assert "partition = " not in said(prep(*NBD, image))


def test_the_images_conf_is_followed(images):
    image = images / "slots.img"
    place("slots", image)
    (images / "slots.conf").write_text("[image]\npartition = 3\n")
    prep(*NBD, image)
    assert cmdline(image, number=2) == CMDLINE["slots"]
    assert cmdline(image, number=3) == PREPARED_CMDLINE["slots"]


def test_the_type_of_the_initrd_can_be_said(images):
    image = jammy(images)
    prep(*NBD, "--initramfs", "dracut", image)
    assert cmdline(image) == (
        b"console=serial0,115200 dwc_otg.lpm_enable=0 console=tty1 ip=dhcp "
        b"netroot=nbd:192.168.1.10:jammy rd.neednet=1 root=/dev/nbd0p2 "
        b"rootfstype=ext4 rootwait fixrtc quiet splash\n")
    prep(*NBD, "--initramfs", "initramfs-tools", image)
    assert b"netroot=" not in cmdline(image)
    assert cmdline(image).count(b" nbdroot=192.168.1.10/jammy ") == 1


@pytest.mark.parametrize("ending", (b"", b"\n", b"\r\n", b" \n"))
def test_the_end_of_the_line_stays(ending, images):
    image = jammy(images, b"root=LABEL=writable rootwait" + ending)
    prep(*NBD, image)
    assert cmdline(image) == (b"ip=dhcp nbdroot=192.168.1.10/jammy "
                              b"root=/dev/nbd0p2 rootwait" + ending)


# Which cmdline.txt


def test_an_image_without_one_is_refused(images):
    image = jammy(images)
    boot(image).remove("cmdline.txt")
    before = state(images)
    refused(*NBD, image, says="cmdline.txt")
    assert state(images) == before


def test_each_that_some_model_of_board_is_led_to_is_edited(images):
    config = (b"[all]\nkernel=vmlinuz\ninitramfs initrd.img followkernel\n"
              b"[pi4]\ncmdline=four.txt\n[pi3]\ncmdline=three.txt\n[all]\n")
    files = {"config.txt": config, "four.txt": CMDLINE["jammy"],
             "three.txt": b"root=LABEL=writable quiet\n",
             "five.txt": CMDLINE["jammy"]}
    image = jammy(images, **files)
    prep(*NBD, image)
    assert cmdline(image, "four.txt") == PREPARED_CMDLINE["jammy"]
    assert cmdline(image, "three.txt") == (
        b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2 quiet\n")
    assert cmdline(image, "five.txt") == CMDLINE["jammy"]


def test_the_one_in_an_old_directory_stays(images):
    files = questing_files()
    files["old/cmdline.txt"] = CMDLINE["questing"]
    small(images / "questing.img", files)
    prep(*NBD, images / "questing.img")
    assert cmdline(images / "questing.img", "old/cmdline.txt") == \
        CMDLINE["questing"]
    assert cmdline(images / "questing.img", "current/cmdline.txt") == \
        PREPARED_CMDLINE["questing"]


def test_a_prefix_without_a_kernel_beneath_it_does_not_count(images):
    """As for the firmware, which ignores it then."""
    files = {**questing_files(), **{name: b"\xd0\x0d\xfe\xed" for name
                                    in PI4_DTBS},
             "cmdline.txt": CMDLINE["questing"]}
    files["vmlinuz"] = files.pop("current/vmlinuz")
    files["initrd.img"] = files.pop("current/initrd.img")
    small(images / "questing.img", files)
    prep(*NBD, images / "questing.img")
    assert cmdline(images / "questing.img") == PREPARED_CMDLINE["questing"]
