# SPDX-License-Identifier: BSD-2-Clause
"""An initramfs as Debian's mkinitramfs makes it with nbd-client installed.

mkinitramfs runs the programs that it packs, so here, on another
architecture, it cannot be run. What boots is Debian's own all the same, file
for file in the same place: /init and /scripts of initramfs-tools, nbd-client
and its scripts/local-top/nbd, which understands nbdroot=, klibc's tools, the
kernel's modules, busybox. Only udev is left out. conf/modules names what it
would load, guest/partitions and guest/move-dev do what it would do.
"""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import cpio

GUEST = Path(__file__).parent / "guest"

# Names as modprobe has them. What they need comes along.
MODULES = {
    "the network, as USB in QEMU": ["phy_generic", "dwc2", "cdc_ether",
                                    "rndis_host"],
    "the root disk": ["nbd", "crc32c_generic", "ext4"],
    "the boot partition": ["nls_cp437", "nls_ascii", "vfat"],
    "the way to restart": ["bcm2835_wdt"],
}
# Where in a kernel package these modules and what they need can be.
MODULE_PATTERNS = [f"./lib/modules/*/{where}" for where in (
    "kernel/arch/*", "kernel/crypto/*", "kernel/lib/*", "kernel/fs/ext4/*",
    "kernel/fs/jbd2/*", "kernel/fs/mbcache.ko", "kernel/fs/fat/*",
    "kernel/fs/nls/*", "kernel/drivers/block/nbd.ko",
    "kernel/drivers/net/mii.ko", "kernel/drivers/net/phy/*",
    "kernel/drivers/net/usb/*", "kernel/drivers/usb/*",
    "kernel/drivers/watchdog/*", "modules.builtin*", "modules.order")]

LIBRARY_PACKAGES = [
    "libc6", "libgnutls30", "libnl-3-200", "libnl-genl-3-200", "libp11-kit0",
    "libidn2-0", "libunistring2", "libtasn1-6", "libnettle8", "libhogweed6",
    "libgmp10", "libffi8"]
LOADER = "ld-linux-aarch64.so.1"
LIBRARIES = "lib/aarch64-linux-gnu"

# What /init and the scripts call, and what helps someone in its shell.
BUSYBOX = """blockdev cat chroot clear cp cut dmesg echo env expr find grep
head ip kill ln ls lsmod mkdir mknod mktemp modprobe mount mv printf ps
readlink rm rmmod sed sh sleep sort stat switch_root sync tail test touch tr
true umount uname wc""".split()

# Debian's own, and ours in guest/.
SCRIPTS = {"init-premount": ["use-rndis"], "local-top": ["nbd", "partitions"],
           "init-bottom": ["move-dev"]}


def write(path, archive, kernel, workspace):
    """Make the initramfs for a Kernel at `path`."""
    tree = Path(workspace) / f"initramfs-{kernel.version}"
    _add_skeleton(tree, archive)
    _add_programs(tree, archive)
    _add_scripts(tree, archive)
    copy_modules(tree, kernel, archive)
    path.write_bytes(gzip.compress(cpio.archive(tree), 6, mtime=0))


def _add_skeleton(tree, archive):
    tools = archive.unpacked("initramfs-tools-core")
    for name in ("bin", "conf/conf.d", "etc", "lib", "run", "sbin",
                 "scripts", "usr/bin", "usr/sbin", "var/lib"):
        (tree / name).mkdir(parents=True)
    install(tools / "usr/share/initramfs-tools/init", tree / "init")
    install(tools / "etc/initramfs-tools/initramfs.conf",
            tree / "conf/initramfs.conf", 0o644)
    (tree / "conf/arch.conf").write_text("DPKG_ARCH=arm64\n")
    names = [name for group in MODULES.values() for name in group]
    (tree / "conf/modules").write_text("\n".join(names) + "\n")


def _add_programs(tree, archive):
    install(archive.unpacked("busybox-static") / "bin/busybox",
            tree / "bin/busybox")
    for name in BUSYBOX:
        (tree / "bin" / name).symlink_to("busybox")
    # Both are called by this path.
    (tree / "sbin/modprobe").symlink_to("../bin/busybox")
    (tree / "sbin/blockdev").symlink_to("../bin/busybox")
    klibc = archive.unpacked("klibc-utils") / "usr/lib/klibc/bin"
    for name in ("fstype", "halt", "ipconfig", "nfsmount", "reboot",
                 "run-init"):
        install(klibc / name, tree / "bin" / name)
    for library in archive.unpacked("libklibc").glob("lib/klibc-*.so"):
        install(library, tree / "lib" / library.name)
    program = archive.unpacked("nbd-client") / "sbin/nbd-client"
    install(program, tree / "sbin/nbd-client")
    _copy_libraries(program, tree, archive)


def _copy_libraries(program, tree, archive):
    """Everything the program is linked with, directly or not."""
    found = {path.name: path for package in LIBRARY_PACKAGES
             for path in archive.unpacked(package).rglob("*.so*")}
    needed, copied = _linked_with(program), set()
    while missing := needed - copied:
        name = missing.pop()
        if name not in found:
            raise FileNotFoundError(f"{name}, which nbd-client needs: add "
                                    "its package to LIBRARY_PACKAGES")
        target = tree / ("lib" if name == LOADER else LIBRARIES) / name
        install(found[name].resolve(), target)
        needed |= _linked_with(found[name])
        copied.add(name)


def _linked_with(binary):
    """The names of the libraries that a binary names."""
    output = subprocess.run(["readelf", "-d", binary], check=True, text=True,
                            capture_output=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", output))


def _add_scripts(tree, archive):
    share = "usr/share/initramfs-tools/scripts"
    tools = archive.unpacked("initramfs-tools-core") / share
    for name in ("functions", "local", "nfs"):
        install(tools / name, tree / "scripts" / name, 0o644)
    client = archive.unpacked("nbd-client")
    install(client / share / "local-top/nbd", tree / "scripts/local-top/nbd")
    install(client / "etc/modprobe.d/nbd-client.conf",
            tree / "etc/modprobe.d/nbd-client.conf", 0o644)
    for directory, names in SCRIPTS.items():
        for name in names:
            if (GUEST / name).exists():
                install(GUEST / name, tree / "scripts" / directory / name)
        (tree / "scripts" / directory / "ORDER").write_text("".join(
            f'/scripts/{directory}/{name} "$@"\n'
            "[ -e /conf/param.conf ] && . /conf/param.conf\n"
            for name in names))


def copy_modules(tree, kernel, archive):
    """The MODULES and what they need into lib/modules, with its indices."""
    source = archive.unpacked(kernel.package, *kernel.PATTERNS)
    version = Path("lib/modules") / kernel.version
    subprocess.run(["depmod", "-b", source, kernel.version], check=True)
    needs = {_module_name(path): [] for path in (
        source / version / "modules.builtin").read_text().splitlines()}
    for line in (source / version / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needs[_module_name(path)] = [path, *others.split()]
    for names in MODULES.values():
        for name in names:
            for path in needs[name]:
                install(source / version / path, tree / version / path, 0o644)
    for path in (source / version).glob("modules.[bo]*"):
        install(path, tree / version / path.name, 0o644)
    subprocess.run(["depmod", "-b", tree, kernel.version], check=True)


def _module_name(path):
    return Path(path).stem.replace("-", "_")


def install(source, target, mode=0o755):
    """Copy a file, making directories; as install(1)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)
