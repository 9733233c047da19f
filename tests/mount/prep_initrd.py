# SPDX-License-Identifier: BSD-2-Clause
"""Kernels and initrds as they lie on boot partitions: as far as anybody looks
at them, with next to nothing in them."""

import gzip
import lzma
import random
import struct

from harness import run


def arm64_kernel(version, size=120_000):
    """A gzipped arm64 Image that says its version, as Ubuntu's vmlinuz."""
    banner = (f"Linux version {version} (buildd@bos03-arm64-042) "
              "(gcc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0, GNU ld 2.38) "
              "#64-Ubuntu SMP PREEMPT Mon Jul 29 15:54:28 UTC 2024\n")
    rng = random.Random(version)
    # code0, code1, text_offset, image_size, flags, reserved, "ARM\x64"
    header = struct.pack("<IIQQQQQQ4sI", 0x91005a4d, 0x14000000, 0, size, 0x0a,
                         0, 0, 0, b"ARM\x64", 0x40)
    text = header + rng.randbytes(size // 2) + banner.encode() + b"\0"
    return gzip.compress(text.ljust(size, b"\0"), mtime=0)


def cpio(members):
    """A cpio archive in the format newc; a name that ends in a slash is a
    directory."""
    archive = b""
    for number, (name, data) in enumerate(members.items(), 1):
        mode = 0o040755 if name.endswith("/") else 0o100755
        archive += _member(number, name.rstrip("/"), mode, data)
    archive += _member(0, "TRAILER!!!", 0, b"")
    return archive.ljust(-(-len(archive) // 512) * 512, b"\0")


def _member(number, name, mode, data):
    raw = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
    head = head.ljust(-(-len(head) // 4) * 4, b"\0")
    return head + data.ljust(-(-len(data) // 4) * 4, b"\0")


def compressed(data, how):
    if how == "xz":
        return lzma.compress(data, check=lzma.CHECK_CRC32, preset=0)
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "none":
        return data
    return run({"zstd": "zstd", "lz4": "lz4"}[how], "-q", "-c",
               *(("-l",) if how == "lz4" else ()), "-",
               input=data, encoding=None, errors=None).stdout


def _modules(version, with_nbd):
    base = f"usr/lib/modules/{version}/"
    made = {"usr/lib/": b"", "usr/lib/modules/": b"", base: b"",
            base + "modules.builtin": b"kernel/fs/ext4/ext4.ko\n",
            base + "kernel/drivers/net/phy/smsc.ko": b"\x7fELF smsc"}
    if with_nbd:
        made[base + "kernel/drivers/block/nbd.ko"] = b"\x7fELF nbd"
    return made


def initramfs_tools(version, module=True, client=True, script=None,
                    how="zstd"):
    """An initrd by mkinitramfs; what makes a root on NBD may be missing."""
    script = client if script is None else script
    members = {"conf/": b"", "conf/initramfs.conf": b"MODULES=most\n",
               "init": b"#!/bin/sh\n", "scripts/": b"",
               "scripts/functions": b"# -*- shell-script -*-\n",
               "scripts/local": b"# Local filesystem mounting\n",
               "scripts/nfs": b"# NFS filesystem mounting\n",
               "scripts/local-top/": b"",
               "scripts/local-top/ORDER": b"\n",
               "usr/": b"", **_modules(version, module)}
    if client:
        members["usr/sbin/nbd-client"] = b"\x7fELF nbd-client"
    if script:
        members["scripts/local-top/nbd"] = b"#!/bin/sh\n"
    return compressed(cpio(members), how)


def dracut(version, module=True, client=True, script=None, how="zstd"):
    """An initrd by dracut: an archive that is not compressed, then one that
    is."""
    script = client if script is None else script
    early = cpio({"early_cpio": b"1\n"})
    members = {"init": b"", "usr/": b"", "usr/bin/": b"",
               "usr/bin/dracut-cmdline": b"#!/bin/sh\n",
               "usr/lib/dracut/": b"",
               "usr/lib/dracut/dracut-108": b"",
               "usr/lib/dracut/modules.txt": b"bash\nsystemd\nnetwork\n",
               "usr/lib/dracut-lib.sh": b"#!/bin/sh\n",
               **_modules(version, module)}
    if client:
        members["usr/sbin/nbd-client"] = b"\x7fELF nbd-client"
    if script:
        members["usr/sbin/nbdroot"] = b"#!/bin/sh\n"
        members["var/lib/dracut/hooks/cmdline/90-parse-nbdroot.sh"] = \
            b"#!/bin/sh\n"
    return early + compressed(cpio(members), how)
