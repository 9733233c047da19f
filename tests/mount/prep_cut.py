# SPDX-License-Identifier: BSD-2-Clause
"""Runs of pibootfs-prep that are cut off or that fail at a system call of its
own, and what has to be there then.

The image has a GPT and gets larger, so that there is something to write at
its beginning, on its boot partition and at its end.
"""

import os
import re
import shutil
import subprocess

import disk
from disk import MIB
from harness import SANITIZER_REPORT, run, start_process
from prep_initrd import initramfs_tools
from prep_samples import (BASIC_DATA, JAMMY_KERNEL, LINUX, jammy_files,
                          put_files, write_ext4, write_table)
from prep_texts import DNSMASQ, EXPORT, PREPARED_CMDLINE, PREPARED_USER_DATA
from preptool import (NBD, PIBOOTFS_PREP, assert_sound, boot_files, names,
                      outside_boot, prep, state, strace)

# By these a run changes what others see, or gets ready to do so.
CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "fallocate",
         "linkat", "renameat", "renameat2", "rename", "unlinkat", "unlink",
         "symlinkat", "symlink", "fchown", "fchmod")
OLD_NBD = "[lab]\nexportname = /dev/vg0/lab\n"
OLD_DNSMASQ = "log-dhcp\n"
BOARD = "89025d75"
SIZE = 24 * MIB


def make_image(path):
    write_table(path, 18 * MIB, "label: gpt\n"
                f"1 : start=2048, size=16384, type={BASIC_DATA}\n"
                f"2 : start=20480, size=12288, type={LINUX}\n")
    volume = disk.fat_volume(path, 8 * MIB, 16, 1024, label="system-boot",
                             offset=MIB)
    put_files(volume, jammy_files())
    write_ext4(path, 10 * MIB, 6 * MIB, "writable")


class Scene:
    """A server's directories, a run, and what it makes of them."""

    def __init__(self, work, is_new):
        self.work, self.is_new = work, is_new
        self.images = work / "images"
        self.images.mkdir(exist_ok=True)
        self.image = self.images / "jammy.img"
        self.nbd, self.dnsmasq = work / "nbd.conf", work / "dnsmasq.conf"
        self.original = work / "jammy.img"
        make_image(self.original)
        initrd, packed = work / "initrd.img", work / "jammy.img.gz"
        initrd.write_bytes(initramfs_tools(JAMMY_KERNEL))
        with packed.open("wb") as file:
            run("gzip", "-1", "-c", self.original, stdout=file)
        self.words = (*NBD, "--nbd-user", "root", "--size", str(SIZE),
                      "--serial", BOARD, "--copy", initrd,
                      "--nbd-conf", self.nbd, "--dnsmasq-conf", self.dnsmasq,
                      *((packed, self.images) if is_new else (self.image,)))
        self.reset()
        self.before = self.now()
        self.packed = packed
        prep(*self.words)
        self.wanted_files = boot_files(self.image)
        self.wanted_elsewhere = outside_boot(self.image)
        assert self.wanted_files == {
            **jammy_files(), "initrd.img": initrd.read_bytes(),
            "cmdline.txt": PREPARED_CMDLINE["jammy"],
            "user-data": PREPARED_USER_DATA["jammy"]}
        self.wanted_confs = (
            OLD_NBD + "\n" + EXPORT.format(path=self.image),
            OLD_DNSMASQ + DNSMASQ.format(root="/srv/tftp"))
        self.reset()

    def reset(self):
        """As before the run."""
        shutil.rmtree(self.images)
        self.images.mkdir()
        if not self.is_new:
            run("cp", "--sparse=always", self.original, self.image)
        self.nbd.write_text(OLD_NBD)
        self.dnsmasq.write_text(OLD_DNSMASQ)

    def now(self):
        """All there is."""
        return state(self.images, self.nbd, self.dnsmasq, times=False)

    def is_image_before(self):
        if not self.image.exists():
            return self.is_new
        key = str(self.image)
        return self.now()[key] == self.before.get(key)

    def is_image_wanted(self):
        return (not self.is_image_before() and self.image.exists()
                and self.image.stat().st_size == SIZE
                and boot_files(self.image) == self.wanted_files
                and outside_boot(self.image) == self.wanted_elsewhere)

    def confs(self):
        return self.nbd.read_text(), self.dnsmasq.read_text()

    def assert_before(self):
        assert self.now() == self.before

    def assert_wanted(self):
        assert self.is_image_wanted()
        assert_sound(self.image)
        assert "No problems" in run("sgdisk", "-v", self.image).stdout
        assert [name for name in names(self.images)
                if not name.startswith(".")] == [BOARD, "jammy.img"]
        assert (self.images / BOARD).samefile(self.image)
        assert self.confs() == self.wanted_confs

    def assert_whole(self):
        """Each thing by itself is as before or as wanted, and what leads to
        the image is there after the image only."""
        is_ready = self.is_image_wanted()
        assert is_ready or self.is_image_before()
        for text, old, wanted in zip(self.confs(), (OLD_NBD, OLD_DNSMASQ),
                                     self.wanted_confs):
            assert text == old or (is_ready and text == wanted)
        assert is_ready or not os.path.lexists(self.images / BOARD)

    def assert_nothing_else(self):
        """No file is left that the manual does not name."""
        assert set(names(self.images)) <= {BOARD, "jammy.img",
                                           "jammy.img.undo"}

    def is_pending(self):
        return os.path.exists(f"{self.image}.undo")

    def start(self, wrapper=()):
        return start_process([*wrapper, PIBOOTFS_PREP, *self.words],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def start_with(self, source):
        """A run that reads its source from a pipe."""
        words = ["-" if word is self.packed else word for word in self.words]
        return start_process(
            [PIBOOTFS_PREP, "--name", "jammy", *words], stdin=source,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process):
        """(status, all that it printed)"""
        output, errors = process.communicate(timeout=60)
        text = (output + errors).decode()
        assert not SANITIZER_REPORT.search(text), text
        return process.returncode, text

    def calls(self):
        """[(call, number of it)] of one run, in order; what it prints is
        none of it."""
        trace = self.work / "trace"
        run(*strace(trace=trace, calls=",".join(CALLS)), PIBOOTFS_PREP,
            *self.words)
        self.reset()
        counts, found = {}, []
        for line in trace.read_text().splitlines():
            match = re.match(r"(\w+)\((\d*)", line)
            if match and match[1] in CALLS:
                counts[match[1]] = counts.get(match[1], 0) + 1
                if match.groups() != ("write", "2"):
                    found.append((match[1], counts[match[1]]))
        return found


def spread(calls, count):
    """About so many of them, evenly, and all by which a name comes or goes."""
    step = max(1, len(calls) // count)
    return [call for index, call in enumerate(calls)
            if index % step == step - 1
            or call[0].startswith(("link", "rename", "symlink", "unlink"))]
