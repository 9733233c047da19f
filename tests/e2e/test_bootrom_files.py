# SPDX-License-Identifier: BSD-2-Clause
"""The boot ROM goes the way of the hardware where something is missing or
config.txt says otherwise."""

import shutil

import pytest

from lab import SERIAL
from rom_bench import (DEVICE_TREE, FIRST, KERNEL, MODELS, SEQUENCES,
                       boot_files)


# What is missing

@pytest.mark.parametrize("model", MODELS)
def test_prefix_is_dropped_without_the_first_file(model, boot, tree, dnsmasq):
    tree.move_to_top()
    booted = boot(model)
    assert booted.status == 0, booted.reason
    tried = {"pi3": [f"{SERIAL}/start.elf-"],
             "pi4": [f"{SERIAL}/start4.elf-", f"{SERIAL}/start.elf-"],
             "pi5": [f"{SERIAL}/config.txt-"]}[model]
    rest = [word.removeprefix("@/").replace("@", "")
            for word in SEQUENCES[model].split()
            if word not in ("bootcode.bin", "bootsig.bin-")]
    while rest[0] == f"{FIRST[model]}?":
        rest.pop(0)
    start = ["bootcode.bin", "bootsig.bin-"] if model == "pi3" else []
    assert booted.asked == start + tried + rest


@pytest.mark.parametrize("model", MODELS)
def test_board_without_files_boots_nothing(model, boot, tree, dnsmasq):
    shutil.rmtree(tree.path(""))
    booted = boot(model)
    assert booted.status == 1
    assert f"no boot without {FIRST[model].replace('4', '')}" in \
        booted.reason.replace(" a ", " ")
    assert not booted.has("kernel")


def test_pi4_keeps_the_prefix_with_start_elf_alone(boot, tree, dnsmasq):
    tree.remove("start4.elf")
    booted = boot("pi4")
    assert booted.asked[:2] == [f"{SERIAL}/start4.elf-",
                                f"{SERIAL}/start.elf?"]
    assert all(path.startswith(f"{SERIAL}/") for path, _, _ in booted.lines)


def test_pi3_without_bootcode_stops_at_once(boot, tree, dnsmasq):
    (tree.root / "bootcode.bin").unlink()
    booted = boot("pi3")
    assert (booted.status, booted.asked) == (1, ["bootcode.bin-"])
    assert "bootcode.bin" in booted.reason


@pytest.mark.parametrize("model", MODELS)
def test_no_kernel_no_boot(model, boot, tree, dnsmasq):
    assert boot(model).has("kernel")
    tree.remove(*(name for name in boot_files() if "kernel" in name))
    booted = boot(model)
    assert booted.status == 1
    assert "no kernel" in booted.reason and KERNEL[model] in booted.reason
    # Nor one that is left from before.
    assert not booted.has("kernel")


@pytest.mark.parametrize("model, other", [("pi4", "kernel7l.img"),
                                          ("pi5", "kernel8.img")])
def test_second_kernel_is_taken_without_the_first(model, other, boot, tree,
                                                  dnsmasq):
    tree.remove(KERNEL[model])
    assert boot(model).file("kernel") == boot_files()[other]


def test_pi5_needs_a_device_tree_and_others_do_not(boot, tree, dnsmasq):
    tree.remove(*DEVICE_TREE.values())
    booted = boot("pi5")
    assert booted.status == 1 and "device tree" in booted.reason
    for model in ("pi3", "pi4"):
        booted = boot(model)
        assert booted.status == 0 and not booted.has("dtb")


def test_small_files_are_not_needed(boot, tree, dnsmasq):
    tree.remove("cmdline.txt", "fixup4.dat", "initrd", "config.txt")
    booted = boot("pi4")
    assert booted.status == 0
    assert not booted.has("cmdline.txt") and not booted.has("initramfs")


def test_empty_kernel_is_none(boot, tree, dnsmasq):
    tree.put({"kernel_2712.img": b""})
    booted = boot("pi5")
    assert booted.status == 1 and "empty" in booted.reason


# What config.txt says

def test_initramfs_list_is_put_together_in_order(boot, tree, dnsmasq):
    tree.put({"config.txt": b"initramfs two,lost,initrd\n", "two": b"2" * 700})
    assert boot("pi4").file("initramfs") == \
        b"2" * 700 + boot_files()["initrd"]


@pytest.mark.parametrize("model, gone, name", [
    ("pi4", None, "initramfs8"), ("pi4", "kernel8.img", "initramfs7l"),
    ("pi5", None, "initramfs_2712"), ("pi5", "kernel_2712.img", "initramfs8"),
    ("pi3", None, "initramfs7")])
def test_auto_initramfs_goes_with_the_kernel(model, gone, name, boot, tree,
                                             dnsmasq):
    tree.put({"config.txt": b"auto_initramfs=1\n",
              **{f"initramfs{suffix}": suffix.encode()
                 for suffix in ("7", "7l", "8", "_2712")}})
    if gone:
        tree.remove(gone)
    assert boot(model).file("initramfs") == \
        name.removeprefix("initramfs").encode()


@pytest.mark.parametrize("model", MODELS)
def test_os_prefix_holds_with_kernel_and_device_tree(model, boot, tree,
                                                     dnsmasq):
    tree.put({"config.txt": b"os_prefix=current/\ninitramfs initrd\n",
              f"current/{KERNEL[model]}": b"K",
              f"current/{DEVICE_TREE[model]}": b"D",
              "current/initrd": b"I", "current/cmdline.txt": b"C"})
    booted = boot(model)
    assert [booted.file(name) for name in (
        "kernel", "dtb", "initramfs", "cmdline.txt")] == \
        [b"K", b"D", b"I", b"C"]
    slash = "/" if model == "pi5" else ""
    assert f"{SERIAL}/{slash}overlays/overlay_map.dtb" in booted.asked


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("missing", ["kernel", "device tree"])
def test_os_prefix_is_ignored_without(missing, model, boot, tree, dnsmasq):
    kept = KERNEL if missing == "device tree" else DEVICE_TREE
    tree.put({"config.txt": b"os_prefix=current/\ninitramfs initrd\n",
              f"current/{kept[model]}": b"wrong",
              "current/initrd": b"wrong", "current/cmdline.txt": b"wrong"})
    booted = boot(model)
    files = boot_files()
    assert [booted.file(name) for name in (
        "kernel", "dtb", "initramfs", "cmdline.txt")] == \
        [files[name] for name in (KERNEL[model], DEVICE_TREE[model],
                                  "initrd", "cmdline.txt")]


def test_overlays_have_the_os_prefix_with_a_readme(boot, tree, dnsmasq):
    tree.put({"config.txt": b"os_prefix=new/\ndtoverlay=hat\n",
              "new/kernel8.img": b"K",
              "new/bcm2711-rpi-4-b.dtb": b"D",
              "new/overlays/README": b"", "new/overlays/hat.dtbo": b"H"})
    booted = boot("pi4")
    assert booted.result(f"{SERIAL}/new/overlays/hat.dtbo") == "1 bytes"
    assert f"{SERIAL}/overlays/hat.dtbo" not in booted.asked


def test_name_with_a_slash_is_without_os_prefix(boot, tree, dnsmasq):
    tree.put({"config.txt": b"os_prefix=new/\nkernel=/kernel7l.img\n",
              "new/bcm2711-rpi-4-b.dtb": b"D"})
    booted = boot("pi4")
    assert booted.file("kernel") == boot_files()["kernel7l.img"]
    assert booted.file("dtb") == b"D"


@pytest.mark.parametrize("model", MODELS)
def test_filters_are_those_of_the_board(model, boot, tree, dnsmasq):
    tree.put({"config.txt": b"initramfs initrd\n" + b"".join(
        f"[{name}]\ncmdline=c-{name}\ndtoverlay=o-{name}\n".encode()
        for name in MODELS), **{f"c-{name}": name.encode()
                                for name in MODELS}})
    booted = boot(model)
    assert booted.file("cmdline.txt") == model.encode()
    assert {path.split("/")[-1] for path, _, _ in booted.lines
            if "/o-" in path} == {f"o-{model}.dtbo"}


def test_serial_filter_sees_this_board(boot, tree, dnsmasq):
    tree.put({"config.txt": f"[0x{SERIAL}]\ncmdline=mine\n".encode(),
              "mine": b"mine"})
    assert boot("pi4").file("cmdline.txt") == b"mine"


@pytest.mark.parametrize("model", MODELS)
def test_included_file_is_loaded_with_config_txt(model, boot, tree, dnsmasq):
    tree.put({"config.txt": b"# more\ninclude more.txt\n",
              "more.txt": b"cmdline=other\n", "other": b"other"})
    booted = boot(model)
    assert booted.file("cmdline.txt") == b"other"
    slash = "/" if model == "pi5" else ""
    assert f"{SERIAL}/{slash}more.txt" in booted.asked


def test_includes_without_end_are_no_boot(boot, tree, dnsmasq):
    tree.put({"config.txt": b"x=1\ninclude config.txt\n"})
    booted = boot("pi4")
    assert booted.status == 1 and "no end" in booted.reason


@pytest.mark.parametrize("model, name", [("pi4", "cmdline.txt"),
                                         ("pi5", "late"), ("pi3", "late")])
def test_pi4_ignores_what_is_beyond_4096_bytes(model, name, boot, tree,
                                               dnsmasq):
    text = b"#\n" * 2048 + b"cmdline=late\n"
    tree.put({"config.txt": text, "late": b"late"})
    assert boot(model).file("cmdline.txt") == tree.path(name).read_bytes()
