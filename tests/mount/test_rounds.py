# SPDX-License-Identifier: BSD-2-Clause
"""Random writes, each followed by looks at the mount: none is ever stale.

PIBOOTFS_ROUNDS rounds (1000 unless set) on several images at once; a failure
names the seed, PIBOOTFS_SEED repeats it.
"""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import disk
import fatread
import harness
from disk import MIB, Part

ROUNDS = int(os.environ.get("PIBOOTFS_ROUNDS", "1000"))
SEED = int(os.environ.get("PIBOOTFS_SEED", random.randrange(1 << 32)))
IMAGES = 4
CLUSTER = 2048
SIZES = (0, 1, 511, CLUSTER - 1, CLUSTER, CLUSTER + 1, 5 * CLUSTER, 60_000)

# From this age on DESIGN calls a change of the image's stamp settled.
SETTLED_SECONDS = 2


class Disk:
    """An image, what must be on it, and how it is changed and checked."""

    def __init__(self, image, tree, seed):
        self.random = random.Random(seed)
        self.image = image
        self.tree = tree
        boot, self.root = disk.partitioned(image, "mbr", [
            Part(size=12 * MIB, cluster=CLUSTER), Part(fat=None)])
        self.volume = boot.volume
        self.files = {}
        self.directories = {""}
        self.seen = {}
        self.last = "nothing"

    def fresh_name(self):
        """A name that is not there yet, at any depth.

        It ends in digits, which is all that rename() changes: mtools spoils
        short names and has trouble with names that grow.
        """
        directory = self.random.choice(sorted(self.directories))
        stem = self.random.choice(["k v", "initrd v", "a long file name "])
        number = self.random.randrange(10**6)
        return f"{directory}/{stem}{number:06d}".strip("/")

    def content(self):
        return self.random.randbytes(self.random.choice(SIZES))

    def pick(self):
        return self.random.choice(sorted(self.files)) if self.files else None

    # Changes; each returns the paths it is about

    def create(self):
        name, data = self.fresh_name(), self.content()
        self.volume.write(name, data)
        self.files[name] = data
        return [name]

    def overwrite(self):
        name, data = self.pick(), self.content()
        if not name:
            return self.create()
        self.volume.write(name, data)
        self.files[name] = data
        return [name]

    def replace(self):
        name, data = self.pick(), self.content()
        if not name:
            return self.create()
        self.volume.replace(name, data)
        self.files[name] = data
        return [name]

    def rewrite_one_byte(self):
        """In place, with no trace in directory or FAT, nor in the mtime."""
        name = self.pick()
        if not name or not self.files[name]:
            return self.create()
        data = bytearray(self.files[name])
        at = self.random.randrange(len(data))
        data[at] ^= 0xff
        self.files[name] = bytes(data)
        volume = fatread.Volume(self.image, self.volume.offset)
        chain = volume.chain(volume.find(name).first_cluster)
        before = self.image.stat()
        with self.image.open("r+b") as file:
            file.seek(volume.cluster_offset(chain[at // CLUSTER])
                      + at % CLUSTER)
            file.write(data[at:at + 1])
        os.utime(self.image, ns=(before.st_atime_ns, before.st_mtime_ns))
        return [name]

    def delete(self):
        name = self.pick()
        if not name:
            return self.create()
        self.volume.remove(name)
        del self.files[name]
        return [name]

    def rename(self):
        old = self.pick()
        if not old:
            return self.create()
        new = f"{old[:-6]}{self.random.randrange(10**6):06d}"
        self.volume.rename(old, new)
        self.files[new] = self.files.pop(old)
        return [old, new]

    def make_directory(self):
        if len(self.directories) > 6:
            return self.delete_directory()
        name = self.fresh_name()
        self.volume.mkdir(name)
        self.directories.add(name)
        return [name]

    def delete_directory(self):
        leaves = sorted(d for d in self.directories if d and not any(
            other.startswith(d + "/") for other in self.directories))
        if not leaves:
            return self.make_directory()
        name = self.random.choice(leaves)
        self.volume.remove(name)
        self.directories.remove(name)
        gone = [f for f in self.files if f.startswith(name + "/")]
        for file in gone:
            del self.files[file]
        return [name, *gone]

    def write_elsewhere(self):
        with self.image.open("r+b") as file:
            file.seek(self.root.offset)
            file.write(self.random.randbytes(4096))
        return [self.pick() or ""]

    CHANGES = (create, overwrite, overwrite, replace, rewrite_one_byte,
               rewrite_one_byte, delete, rename, make_directory,
               write_elsewhere)

    # Looks

    def round(self):
        change = self.random.choice(self.CHANGES)
        if len(self.files) > 30:
            change = Disk.delete
        paths = change(self)
        self.last = f"{change.__name__} of {paths}"
        parent = os.path.dirname(paths[0])
        for path in dict.fromkeys([*paths, parent, self.pick() or ""]):
            self.check(path)

    def check(self, path):
        place = self.tree / path
        if path in self.directories:
            inside = [p for p in [*self.files, *self.directories]
                      if p and os.path.dirname(p) == path]
            assert sorted(os.listdir(place)) == \
                sorted(map(os.path.basename, inside)), self.last
        elif path in self.files:
            self.check_file(path, place)
        else:
            with pytest.raises(FileNotFoundError):
                os.stat(place)

    def check_file(self, path, place):
        data = self.files[path]
        with open(place, "rb") as file:
            assert file.read() == data, f"stale {path} after {self.last}"
        inode = os.stat(place).st_ino
        seen_inode, seen_data = self.seen.get(path, (None, None))
        if seen_data == data:
            assert inode == seen_inode, f"{path} after {self.last}"
        elif seen_data is not None:
            assert inode != seen_inode, f"{path} after {self.last}"
        self.seen[path] = (inode, data)


def make_disks(images, mountpoint, count):
    return [Disk(images / f"d{n}.img", mountpoint / f"d{n}", f"{SEED}-{n}")
            for n in range(count)]


def test_no_round_is_stale(images, mountpoint, mount):
    print(f"PIBOOTFS_SEED={SEED} PIBOOTFS_ROUNDS={ROUNDS}")
    disks = make_disks(images, mountpoint, IMAGES)
    mount()

    def rounds(one):
        for _ in range(ROUNDS // IMAGES):
            one.round()

    with ThreadPoolExecutor(IMAGES) as pool:
        list(pool.map(rounds, disks))


def test_first_change_of_a_settled_image_is_seen(images, mountpoint, mount):
    """The cheap way to say "unchanged" must not outlive the change."""
    print(f"PIBOOTFS_SEED={SEED}")
    changes = [Disk.overwrite, Disk.replace, Disk.rewrite_one_byte,
               Disk.delete, Disk.rename, Disk.write_elsewhere]
    disks = make_disks(images, mountpoint, len(changes))
    mount()
    for one in disks:
        one.files["kernel"] = one.random.randbytes(3 * CLUSTER)
        one.volume.write("kernel", one.files["kernel"])
    harness.eventually(
        lambda: all(time.time() - one.image.stat().st_ctime
                    > SETTLED_SECONDS + 0.5 for one in disks))
    for one in disks:
        one.check("kernel")
        one.check("kernel")
    for one, change in zip(disks, changes):
        one.last = change.__name__
        for path in change(one):
            one.check(path)
