# SPDX-License-Identifier: BSD-2-Clause
"""Disk images for the tests, without loop devices: mkfs.vfat, sfdisk, sgdisk
and mtools on plain, sparse files (table.py for what sfdisk cannot do).

`partitioned()` and `fat_volume()` build, `Fat` edits a volume as a foreign
program would. Volumes and names mtools cannot make come from fatwrite.py.
"""

import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import table
from harness import run

MIB = 1 << 20
ENVIRONMENT = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8",
               "TZ": "UTC", "MTOOLSRC": "/dev/null"}
_BOOT_FILES = {"config.txt": b"arm_64bit=1\n", "kernel8.img": b"kernel" * 999,
               "overlays/README": b"overlays\n"}


def fat_volume(path, size, fat=32, cluster=None, sector=512, label=None,
               offset=0, options=()):
    """Format `size` bytes of `path` from `offset` on; returns a Fat.

    The file is made or grown when needed, and stays sparse. `cluster` is in
    bytes, `options` go to mkfs.vfat.
    """
    path = Path(path)
    if cluster is None and fat == 16 and sector > 512:
        cluster = sector        # mkfs.vfat chooses too few clusters here
    whole = not path.exists() and offset == 0
    target = path if whole else path.with_name(path.name + ".mkfs")
    with target.open("wb") as file:
        file.truncate(size)
    command = ["mkfs.vfat", "-F", fat, "-S", sector, "--invariant", "--mbr=n"]
    if cluster:
        command += ["-s", cluster // sector]
    if label:
        command += ["-n", label]
    run(*command, *options, target)
    if not whole:
        try:
            _copy_sparse(target, path, offset, size)
        finally:
            target.unlink()
    return Fat(path, offset)


def volume_size(fat, cluster, sector=512):
    """A size in bytes that gives a volume of this FAT type and cluster size.

    FAT32 gets enough clusters for mtools, which insists on the count.
    """
    clusters = {12: 1000, 16: 5000, 32: 66500}[fat]
    return clusters * cluster + 64 * sector + 4 * clusters * 2


def _copy_sparse(source, target, offset, size):
    """Copy the data of `source` into place, leaving holes as zeros."""
    if not target.exists():
        target.touch()
    with source.open("rb") as src, target.open("r+b") as dst:
        end_bytes = offset + size
        if os.fstat(dst.fileno()).st_size < end_bytes:
            dst.truncate(end_bytes)
        _punch(dst, offset, size)
        position = 0
        while True:
            try:
                position = os.lseek(src.fileno(), position, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(src.fileno(), position, os.SEEK_HOLE)
            while position < end:
                data = os.pread(src.fileno(), min(MIB, end - position),
                                position)
                os.pwrite(dst.fileno(), data, offset + position)
                position += len(data)


def _punch(file, offset, size):
    """Zero a range without writing it, where something was."""
    position = offset
    while position < offset + size:
        try:
            position = os.lseek(file.fileno(), position, os.SEEK_DATA)
        except OSError:
            return
        end = min(os.lseek(file.fileno(), position, os.SEEK_HOLE),
                  offset + size)
        while position < end:
            position += os.pwrite(file.fileno(),
                                  bytes(min(MIB, end - position)), position)


@dataclass
class Part:
    """One wanted partition; `fat` None leaves its content alone."""
    size: int = 32 * MIB
    fat: int | None = 16
    cluster: int | None = None
    label: str | None = None
    type: str | None = None
    files: dict = field(default_factory=dict)


@dataclass
class Partition:
    """One made partition; `volume` is None when it was not formatted."""
    number: int
    offset: int
    size: int
    volume: "Fat | None"


def partitioned(path, scheme, parts, sector=512):
    """Make an image with `parts` (Part) and return a Partition for each.

    Schemes: mbr, mbr-logical (every part a logical one, from number 5 on),
    gpt, hybrid (GPT whose MBR shows the first part as well) and none (one
    part, no table). `sector` is the disk's and the volumes' sector size.
    """
    path = Path(path)
    if scheme == "none":
        (part,) = parts
        starts, first = [0], 0
        with path.open("wb") as file:
            file.truncate(part.size)
    else:
        starts, first = _write_table(path, scheme, parts, sector)
    made = []
    for index, (part, start) in enumerate(zip(parts, starts)):
        volume = None
        if part.fat is not None:
            volume = fat_volume(path, part.size, part.fat, part.cluster,
                                sector, part.label, start)
            for name, data in part.files.items():
                volume.write(name, data)
        made.append(Partition(first + index, start, part.size, volume))
    return made


def _write_table(path, scheme, parts, sector):
    """Size the file and write the table; starts in bytes, first number."""
    logical, gpt = scheme == "mbr-logical", scheme in ("gpt", "hybrid")
    starts, position = [], 2 * MIB if logical else MIB
    for part in parts:
        starts.append(position)
        position += -(-part.size // MIB) * MIB + MIB
    with path.open("wb") as file:
        file.truncate(position + MIB)
    extended = (MIB // sector, (position - MIB) // sector)
    places = [(start // sector, part.size // sector)
              for start, part in zip(starts, parts)]
    if sector != 512:       # sfdisk takes 512 for any plain file
        if gpt:
            table.write_gpt(path, places, sector)
        elif logical:
            table.write_logical(path, extended, places, sector)
        else:
            table.write_mbr(path, [table.mbr_entry(start, size)
                                   for start, size in places])
        return starts, 5 if logical else 1
    script = ["label: gpt" if gpt else "label: dos"]
    if logical:
        script.append(f"1 : start={extended[0]}, size={extended[1]}, type=5")
    for number, (part, (start, size)) in enumerate(
            zip(parts, places), 5 if logical else 1):
        kind = part.type or (str(uuid.UUID(bytes_le=table.BASIC_DATA)) if gpt
                             else "c")
        script.append(f"{number} : start={start}, size={size}, type={kind}")
    run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", "--wipe", "never",
        path, input="\n".join(script) + "\n")
    if scheme == "hybrid":
        run("sgdisk", "--hybrid=1:EE", path)
    return starts, 5 if logical else 1


def boot_image(path, files=None, scheme="mbr", **part):
    """An image with one FAT partition holding `files`; returns its Fat."""
    files = _BOOT_FILES if files is None else files
    (made,) = partitioned(path, scheme, [Part(files=files, **part)])
    return made.volume


class Fat:
    """A FAT volume at a byte offset of an image, edited with mtools."""

    def __init__(self, path, offset=0):
        self.path = Path(path)
        self.offset = offset

    def _mtool(self, tool, *args, data=None, check=True):
        more = {"input": data} if data is not None else {}
        return run(tool, "-i", f"{self.path}@@{self.offset}", *args,
                   env=ENVIRONMENT, check=check, **more)

    def write(self, name, data=b""):
        """Create or overwrite a file, making missing parent directories."""
        parent = os.path.dirname(name.strip("/"))
        if parent and not self.exists(parent):
            self.mkdir(parent)
        self._mtool("mcopy", "-o", "-", f"::{name}", data=bytes(data))

    def copy_in(self, name, source):
        """Copy a host file, with its time stamp."""
        self._mtool("mcopy", "-o", "-m", source, f"::{name}")

    def replace(self, name, data):
        """Write a new file beside the old one and move it over."""
        self.write(name + ".new", data)
        self.remove(name)
        self.rename(name + ".new", name)

    def remove(self, name):
        """Delete a file, or a directory with all that is in it."""
        tool = "mdel" if self._mtool("mdel", f"::{name}",
                                     check=False).returncode == 0 else None
        if tool is None:
            self._mtool("mdeltree", f"::{name}")

    def mkdir(self, name):
        parts = name.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            directory = "/".join(parts[:depth])
            if not self.exists(directory):
                self._mtool("mmd", f"::{directory}")

    def rename(self, old, new):
        """Rename within a directory, or move into another one."""
        if os.path.dirname(old.strip("/")) == os.path.dirname(new.strip("/")):
            self._mtool("mren", f"::{old}", f"::{new}")
        else:
            self._mtool("mmove", f"::{old}", f"::{new}")

    def attributes(self, name, *changes):
        """Change attributes as mattrib does: "+h", "-a", ..."""
        self._mtool("mattrib", *changes, f"::{name}")

    def exists(self, name):
        return self._mtool("mdir", "-b", f"::{name}",
                           check=False).returncode == 0

    def read(self, name):
        result = run("mtype", "-i", f"{self.path}@@{self.offset}",
                     f"::{name}", env=ENVIRONMENT, encoding=None,
                     errors=None)
        return result.stdout

    def list(self, name=""):
        """The names in a directory as mtools shows them, sorted."""
        output = self._mtool("mdir", "-b", "-a", f"::{name}").stdout
        names = [line[len("::"):].rstrip("/").rsplit("/", 1)[-1]
                 for line in output.splitlines() if line.startswith("::")]
        return sorted(n for n in names if n not in (".", "..", ""))
