# SPDX-License-Identifier: BSD-2-Clause
"""Random trees, written by mtools, read back by four readers that agree.

The mount is compared with what was written, with mtools' own copy of the
volume, with the Python reader, and with what fsck.fat counts. PIBOOTFS_TREES
trees (12 unless set); a failure names the seed, PIBOOTFS_SEED repeats it.
"""

import os
import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import disk
import fatread
import harness
import pytest

TREES = int(os.environ.get("PIBOOTFS_TREES", "12"))
SEED = int(os.environ.get("PIBOOTFS_SEED", random.randrange(1 << 32)))
READERS = 8

# FAT type and cluster size in bytes; fsck.fat wants whole-size volumes.
VOLUMES = ((12, 512), (12, 4096), (16, 512), (16, 2048), (16, 16384),
           (32, 512), (32, 1024))
# Without what mtools spoils: code page 850's letters beyond ASCII, "~1", "[".
SYLLABLES = ("boot", "Kernel", "INITRD", "b c", "αβγ", "данные", "日本",
             "x.y", "+v=;,", "ж", "long" * 9)


class Tree:
    """A random tree, grown in a volume and in memory alike."""

    def __init__(self, volume, cluster, rng):
        self.volume = volume
        self.cluster = cluster
        self.rng = rng
        self.files = {}
        self.directories = [""]
        self.names = {""}

    def fresh_path(self):
        """A path that is free, whatever the case of its letters."""
        while True:
            name = "".join(self.rng.choices(SYLLABLES,
                                            k=self.rng.randint(1, 4)))
            name += self.rng.choice(["", ".txt", ".IMG", ".d.dtbo"])
            parent = self.rng.choice(self.directories)
            path = f"{parent}/{name}".strip("/")
            if path.casefold() not in self.names:
                self.names.add(path.casefold())
                return path

    def content(self):
        """Sizes around cluster boundaries, where readers go wrong."""
        clusters = self.rng.choice([0, 0, 1, 2, 3, 9])
        size = max(0, clusters * self.cluster + self.rng.randint(-1, 1))
        return self.rng.randbytes(min(size, 200_000))

    def grow(self):
        for _ in range(self.rng.randint(3, 7)):
            path = self.fresh_path()
            self.volume.mkdir(path)
            self.directories.append(path)
        for _ in range(self.rng.randint(10, 30)):
            self.write(self.fresh_path())

    def write(self, path):
        self.files[path] = self.content()
        self.volume.write(path, self.files[path])

    def fragment(self):
        """Holes, then files that have to be cut up to fill them."""
        for _ in range(self.rng.randint(10, 20)):
            path = self.rng.choice(sorted(self.files))
            if self.rng.random() < 0.4 and len(self.files) > 3:
                self.volume.remove(path)
                del self.files[path]
                self.write(self.fresh_path())
            else:
                self.write(path)


def read_all(top, pool):
    """{path: bytes} of all files and the set of directories below `top`."""
    paths, directories = [], set()
    for directory, names, files in os.walk(top, onerror=_raise):
        here = Path(directory).relative_to(top)
        directories |= {str(here / name) for name in names}
        paths += [str(here / name) for name in files]
    contents = pool.map(lambda path: (top / path).read_bytes(), paths)
    return dict(zip(paths, contents)), directories


def _raise(error):
    raise error


def clusters_of(reader):
    """How many clusters the volume's files and directories occupy."""
    total = len(reader.chain(reader.root_cluster)) if reader.fat == 32 else 0
    for entry in reader.walk().values():
        if entry.first_cluster:
            total += len(reader.chain(entry.first_cluster))
    return total


def check_with_fsck(path, entries, clusters):
    """fsck.fat finds nothing wrong and counts the same."""
    result = harness.run("fsck.fat", "-n", path)
    found = re.search(r"(\d+) files, (\d+)/\d+ clusters", result.stdout)
    assert (int(found[1]), int(found[2])) == (entries, clusters)


@pytest.mark.parametrize("number", range(TREES))
def test_readers_agree(number, work, images, mount):
    rng = random.Random(f"{SEED}-{number}")
    fat, cluster = VOLUMES[number % len(VOLUMES)]
    print(f"PIBOOTFS_SEED={SEED}, tree {number}: FAT{fat}, {cluster} bytes")
    image = images / "tree.img"
    volume = disk.fat_volume(image, disk.volume_size(fat, cluster), fat=fat,
                             cluster=cluster)
    tree = Tree(volume, cluster, rng)
    tree.grow()
    tree.fragment()

    directories = set(tree.directories) - {""}
    with ThreadPoolExecutor(READERS) as pool:
        seen, seen_directories = read_all(mount().path / "tree", pool)
        by_mtools = work / "mtools"
        by_mtools.mkdir()
        harness.run("mcopy", "-s", "-n", "-i", image, "::", by_mtools,
                    env=disk.ENVIRONMENT)
        assert (seen, seen_directories) == read_all(by_mtools, pool)
    assert seen == tree.files
    assert seen_directories == directories

    reader = fatread.Volume(image)
    entries = reader.walk()
    assert set(entries) == set(seen) | directories
    assert {path: reader.read(path) for path in seen} == seen
    check_with_fsck(image, len(entries), clusters_of(reader))
