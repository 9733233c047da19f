# SPDX-License-Identifier: BSD-2-Clause
"""A recorded kernel upgrade, applied write by write under the mount.

A server may be asked at any moment of a client's write-back. So the files are
read at every prefix of the recording: each read is exactly one version of one
file, or an error with a reason in the log. An independent reader of the same
prefix says which of the two it must be.
"""

import collections
import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import fatread
import kernel_upgrade
from payload import Payload, Torn

INITRD_SIZES = {1: 3479061, 2: 3812394, 3: 3145728, 4: 3479061, 5: 3812394}
INITRD = Payload("initrd", lambda version: INITRD_SIZES.get(version, 0))
UPGRADED = ("initrd.img", "initrd.img.new", "initrd.img.bak")
UNTOUCHED = {
    "current/initrd.img": (INITRD, 1), "old/initrd.img": (INITRD, 3),
    "config.txt": (Payload("config", lambda _: 800), 1),
    "overlays/ovl03.dtbo": (Payload("ovl03", lambda _: 1791), 1)}

# Directory and FAT writes up to this size are applied sector by sector.
METADATA_BYTES = 64 * kernel_upgrade.SECTOR_BYTES

# Prefixes at which entry and chain are new, and whole, while the last data
# blocks are not written yet: no reader can see that on the disk. Found by
# running; the numbers must not grow. The recording as it is has none.
UNAVOIDABLE_AS_RECORDED = 0
UNAVOIDABLE_DATA_LAST = 2


class Prefix(fatread.Volume):
    """The volume after a number of writes, in memory."""

    def __init__(self, image):
        self.image = image
        super().__init__("/dev/null")

    def get(self, offset, size):
        return bytes(self.image[offset:offset + size])

    def look(self, name):
        """What a reader must find: bytes, or an OSError's number."""
        try:
            return self.read(name)
        except FileNotFoundError:
            return errno.ENOENT
        except AssertionError:
            return errno.EIO


@dataclass
class Step:
    """A piece of the recording that is applied at once."""
    title: str
    offset: int
    data: bytes


def as_recorded():
    """Every write, those of directories and FATs sector by sector."""
    for write in kernel_upgrade.writes():
        size = (kernel_upgrade.SECTOR_BYTES
                if len(write.data) <= METADATA_BYTES else len(write.data))
        for at in range(0, len(write.data), size):
            yield Step(f"write {write.number}+{at} ({write.label})",
                       write.offset + at, write.data[at:at + size])


def data_last():
    """The worst order that a burst's requests may be carried out in."""
    writes = kernel_upgrade.writes()
    writes.sort(key=lambda write: (write.burst,
                                   len(write.data) > METADATA_BYTES))
    for write in writes:
        yield Step(f"write {write.number} ({write.label})", write.offset,
                   write.data)


def look(path):
    """The file's bytes through the mount, or the number of the error."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError as error:
        return error.errno


class Replay:
    """The image file, its copy in memory, and what has been found so far."""

    def __init__(self, path, tree):
        self.memory = bytearray(kernel_upgrade.base_image())
        path.write_bytes(self.memory)
        self.file = os.open(path, os.O_WRONLY)
        self.tree = tree
        self.counts = collections.Counter()
        self.mixtures = []
        self.refused = set()

    def apply(self, step):
        self.memory[step.offset:step.offset + len(step.data)] = step.data
        os.pwrite(self.file, step.data, step.offset)

    def check(self, step, pool):
        names = [*UPGRADED, *UNTOUCHED]
        found = list(pool.map(lambda name: look(self.tree / name), names))
        volume = Prefix(self.memory)
        for name, got in zip(names, found):
            where = f"{name} after {step.title}"
            if name in UNTOUCHED:
                payload, version = UNTOUCHED[name]
                assert not isinstance(got, int), \
                    f"{where}: {errno.errorcode[got]}"
                assert payload.version_of(got) == version, where
            else:
                self.check_upgraded(volume, name, got, where)

    def check_upgraded(self, volume, name, got, where):
        expected = volume.look(name)
        if isinstance(got, int) and got != errno.ENOENT:
            assert got in (errno.EIO, errno.ESTALE), where
            self.refused.add(name)
            self.counts["refused"] += 1
            assert expected == errno.EIO, f"{where}: refused without need"
            return
        assert got == expected, f"{where}: not what is on the disk"
        if got == errno.ENOENT:
            self.counts["absent"] += 1
        elif got == b"":
            self.counts["empty on the disk"] += 1
        elif is_mixed(got):
            self.mixtures.append(where)
        else:
            self.counts[f"version {INITRD.version_of(got)}"] += 1


def is_mixed(data):
    try:
        INITRD.version_of(data)
    except Torn:
        return data != b""
    return False


def replay_and_check(steps, images, daemon):
    """The replay after its last step, all prefixes having been checked."""
    replay = Replay(images / "upgrade.img", daemon.path / "upgrade")
    with ThreadPoolExecutor(len(UPGRADED) + len(UNTOUCHED)) as pool:
        replay.check(Step("nothing", 0, b""), pool)
        for step in steps:
            replay.apply(step)
            replay.check(step, pool)
    os.close(replay.file)
    print(dict(replay.counts), *replay.mixtures, sep="\n")
    check_reasons(replay.refused, daemon)
    return replay


def check_reasons(refused, daemon):
    """The log says which file and which byte is the reason, each once."""
    lines = daemon.log_lines("upgrade")
    for name in refused:
        reason = re.compile(rf"upgrade\.img: {re.escape(name)}: "
                            r"byte 0x[0-9a-f]+: \w+")
        assert any(map(reason.search, lines)), f"{name}:\n{daemon.log()}"
    assert len(lines) == len(set(lines)), daemon.log()


def test_every_prefix_reads_as_one_version_or_an_error(images, mount):
    replay = replay_and_check(as_recorded(), images, mount())
    for version in INITRD_SIZES:
        assert replay.counts[f"version {version}"] > 0
    assert len(replay.mixtures) <= UNAVOIDABLE_AS_RECORDED


def test_data_written_last_mixes_only_where_it_is_unavoidable(images, mount):
    replay = replay_and_check(data_last(), images, mount())
    assert len(replay.mixtures) <= UNAVOIDABLE_DATA_LAST
