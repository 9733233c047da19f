# SPDX-License-Identifier: BSD-2-Clause
"""pibootfs-image, run on images made for a test, and what fsck.fat says."""

import json
import os
import pty
import re
import struct
from pathlib import Path

import disk
import fatwrite
import harness
from disk import MIB
from harness import PIBOOTFS, run, start_process

PIBOOTFS_IMAGE = Path(os.environ.get(
    "PIBOOTFS_IMAGE", PIBOOTFS.parents[1] / "tools/pibootfs-image")).resolve()
OK, USAGE, UNREADABLE, UNSOUND = range(4)

FILES = {"config.txt": b"arm_64bit=1\n", "empty.txt": b"",
         "kernel8.img": bytes(range(256)) * 1999,
         "overlays/README": b"overlays\n",
         "overlays/deep/er/vc4-kms-v3d.dtbo": b"\xd0\x0d\xfe\xed" * 999,
         "Ein langer Name mit Leerzeichen.text": b"long",
         "Größe.txt": b"umlauts", "日本語.bin": b"k" * 2048}


def tool(*words, status=OK, **options):
    """Run the program and check its status; stdout and stderr are text."""
    result = run(PIBOOTFS_IMAGE, *words, check=False, **options)
    assert result.returncode == status, \
        f"{words}: status {result.returncode}\n{result.stdout!r}" \
        f"\n{result.stderr!r}"
    errors = result.stderr
    if isinstance(errors, bytes):
        errors = errors.decode("utf-8", "surrogateescape")
    assert not harness.SANITIZER_REPORT.search(errors), errors
    for line in errors.splitlines():
        assert line.startswith("pibootfs-image: "), line
    assert bool(errors) == (status in (USAGE, UNREADABLE)), errors
    return result


def error_line(*words, says, status=UNREADABLE):
    """Run what must fail with one line; its match of `says`."""
    result = tool(*words, status=status)
    (line,) = result.stderr.splitlines()
    match = re.search(says, line)
    assert match, line
    return match


def masked(name):
    """As it is printed for a person."""
    return re.sub("[\x01-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e"
                  "\u2066-\u2069]", "?", name)


def content(*words):
    """The bytes that `cat` prints."""
    return tool("cat", *words, encoding=None, errors=None).stdout


def info(*words, status=OK):
    """What `info --json` says."""
    return json.loads(tool("info", "--json", *words, status=status).stdout)


def faults(*words):
    """The faults of an image that must have some: {(kind, path)}."""
    health = info(*words, status=UNSOUND)["health"]
    assert not health["sound"]
    return {(fault["kind"], fault["path"]) for fault in health["faults"]}


def listing(*words, **options):
    """{directory: [names]} as `ls -R` prints it."""
    found, names = {}, None
    for line in tool("ls", "-R", *words, **options).stdout.splitlines():
        if line.startswith("/"):
            names = found[line[1:-1]] = []
        elif line:
            names.append(line)
    return found


def on_terminal(*words):
    """What the program prints to a terminal, errors included."""
    ours, theirs = pty.openpty()
    process = start_process([PIBOOTFS_IMAGE, *words], stdin=theirs,
                            stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:     # the program has closed its side
        pass
    os.close(ours)
    process.wait(60)
    return text.decode()


def mtools_image(path, fat):
    """An image with one partition of FILES, written by mtools; its Fat."""
    size = {12: 4, 16: 16, 32: 40}[fat] * MIB
    return disk.boot_image(path, FILES, fat=fat, size=size,
                           cluster=512 if fat == 32 else None)


def filled(path, fat=32, clusters=None, **options):
    """A volume with CONFIG.TXT and SUB/FILE.BIN of six clusters."""
    clusters = clusters or (5000 if fat == 16 else 200)
    volume = fatwrite.small_volume(path, fat, clusters, **options)
    volume.add("", b"CONFIG  TXT", b"config")
    volume.add_directory("", b"SUB        ")
    volume.add("SUB", b"FILE    BIN", bytes(range(250)) * 12)
    return volume


def fsck(volume):
    """(status, files and directories, clusters in use) by fsck.fat.

    The hint of how much is free, which nothing else here writes, is put right
    before.
    """
    if volume.fat == 32:
        free = sum(volume.fat_get(cluster) == 0
                   for cluster in range(2, volume.clusters + 2))
        volume.patch(volume.sector + 488, struct.pack("<I", free))
    result = run("fsck.fat", "-n", volume.path, check=False)
    files, used = re.search(r"(\d+) files, (\d+)/", result.stdout).groups()
    return result.returncode, int(files), int(used)
