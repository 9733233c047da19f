# SPDX-License-Identifier: BSD-2-Clause
"""Which files count as cmdline.txt: all that config.txt leads some board to,
and no others, however it does that."""

import gzip
import signal
import subprocess
import time

import pytest

from disk import MIB
from prep_fixture import work  # noqa: F401
from prep_initrd import cpio, initramfs_tools
from prep_samples import (JAMMY_KERNEL, PI4_DTBS, jammy_files, questing_files,
                          small)
from prep_texts import CMDLINE, PREPARED_CMDLINE
from preptool import (NBD, PIBOOTFS_PREP, WARNED, boot, cmdline, prep, refused,
                      said, state)

ALL = b"[all]\nkernel=vmlinuz\ninitramfs initrd.img followkernel\n"
PREPARED = {"initrd.img": initramfs_tools(JAMMY_KERNEL),
            "cmdline.txt": PREPARED_CMDLINE["jammy"]}


def jammy(images, config, **more):
    """An image whose config.txt is this; `more` are texts."""
    files = {f"{name}.txt": text for name, text in more.items()}
    small(images / "jammy.img",
          {**jammy_files(), "config.txt": config, **files})
    return images / "jammy.img"


def prepared(images, config, **more):
    image = jammy(images, config, **more)
    for name, data in PREPARED.items():
        boot(image).write(name, data)
    return image


# Directories of which one is tried


def questing(images, **more):
    files = {**questing_files(), **more}
    small(images / "questing.img", files, 12 << 20)
    return images / "questing.img"


def test_one_at_the_root_that_no_kernel_is_beside_stays(images):
    """As an imager has left it there; what is tried is not there."""
    image = questing(images, **{"cmdline.txt": b"root=LABEL=x cfg80211\n"})
    prep(*NBD, image)
    assert cmdline(image, "current/cmdline.txt") == \
        PREPARED_CMDLINE["questing"]
    assert cmdline(image) == b"root=LABEL=x cfg80211\n"


def test_one_whose_initrd_is_not_there_yet_becomes_as_its_neighbour(images):
    files = questing_files()
    more = {f"new/{name}": files[f"current/{name}"]
            for name in ("vmlinuz", "cmdline.txt", *PI4_DTBS)}
    image = questing(images, **more)
    text = said(prep(*NBD, image))
    assert cmdline(image, "current/cmdline.txt") == \
        PREPARED_CMDLINE["questing"]
    assert cmdline(image, "new/cmdline.txt") == PREPARED_CMDLINE["questing"]
    assert "warning: new/cmdline.txt: " in text and "new/initrd.img" in text


# Boards that are told apart by their serial numbers


MINE = ALL + b"[0x89025d75]\ncmdline=mine.txt\n[all]\n"


def test_one_for_a_serial_number_is_edited(images):
    image = jammy(images, MINE, mine=CMDLINE["jammy"], other=b"quiet\n")
    prep(*NBD, image)
    assert cmdline(image, "mine.txt") == PREPARED_CMDLINE["jammy"]
    assert cmdline(image) == PREPARED_CMDLINE["jammy"]
    assert cmdline(image, "other.txt") == b"quiet\n"


def test_one_for_a_serial_number_of_one_model_is_edited(images):
    image = jammy(images, ALL + b"[pi4]\ninclude four.txt\n",
                  four=b"[0x1000000089025d75]\ncmdline=mine.txt\n",
                  mine=CMDLINE["jammy"])
    prep(*NBD, image)
    assert cmdline(image, "mine.txt") == PREPARED_CMDLINE["jammy"]


def test_one_for_a_serial_number_is_checked(images):
    image = prepared(images, MINE, mine=CMDLINE["jammy"])
    errors = prep("--check", image, status=WARNED).stderr
    assert "mine.txt says nothing of NBD" in errors
    boot(image).write("mine.txt", PREPARED_CMDLINE["jammy"])
    prep("--check", image)


def test_one_that_is_missing_for_a_serial_number_is_said(images):
    errors = prep("--check", prepared(images, MINE), status=WARNED).stderr
    assert "mine.txt is missing" in errors and "89025d75" in errors


def test_too_many_serial_numbers_are_refused(images):
    sections = b"".join(b"[0x%08x]\n" % number for number in range(1, 65))
    prep(*NBD, jammy(images, ALL + sections))
    image = jammy(images, ALL + sections + b"[0x41]\n")
    refused(*NBD, image, says="config.txt: .* 64 serial numbers")


# How many, how large


def test_all_are_edited_however_many(images):
    models = ("pi0", "pi02", "pi1", "pi2", "pi3", "pi3+", "cm3", "pi4",
              "pi400", "cm4", "pi5")
    config = ALL + b"".join(b"[%s]\ncmdline=%s.txt\n" % (name, name)
                            for name in map(str.encode, models))
    more = {name: b"root=LABEL=writable\n" for name in models}
    image = jammy(images, config, **more)
    prep(*NBD, image)
    for name in models:
        assert cmdline(image, f"{name}.txt") == \
            b"ip=dhcp nbdroot=192.168.1.10/jammy root=/dev/nbd0p2\n"


def hostile(images):
    """Includes that add up to much."""
    text = b"#" * 90 + b"\n"
    more = {f"f{index}": text * 2000 for index in range(15)}
    config = b"".join(b"include f%d.txt\n" % (index % 15)
                      for index in range(60))
    image = images / "jammy.img"
    small(image, {**jammy_files(), "config.txt": config,
                  **{f"{name}.txt": data for name, data in more.items()}},
          16 << 20)
    return image


def test_includes_that_add_up_to_too_much_are_refused_at_once(images):
    image = hostile(images)
    before = state(images)
    refused(*NBD, image, says="config.txt: .*262144 bytes", timeout=10)
    assert state(images) == before
    errors = prep("--check", image, status=WARNED, timeout=10).stderr
    assert "config.txt cannot be followed" in errors


# How long


def bottomless():
    """An initrd that takes many seconds to look into: a file of zeroes."""
    size, parts = 64 * MIB, 60
    head = cpio({"zeroes": b""})
    head = head[:54] + b"%08X" % (size * parts) + head[62:120]
    return gzip.compress(head) + gzip.compress(bytes(size)) * parts


@pytest.mark.parametrize("words", (("--check",), NBD))
def test_a_signal_ends_a_look_that_takes_long(words, images):
    image = jammy(images, ALL)
    boot(image).write("initrd.img", bottomless())
    before = state(images)
    process = subprocess.Popen([PIBOOTFS_PREP, *words, image], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT and "stopped" in errors
    assert time.monotonic() - begin < 2
    assert state(images) == before
