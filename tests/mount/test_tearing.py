# SPDX-License-Identifier: BSD-2-Clause
"""A transfer is one version of one file, whoever writes meanwhile.

Writers change kernel8.img in the image while readers fetch it through the
mount, slowly, and through stock dnsmasq, slowly and at full speed. A read may
fail; a completed one must be exactly one version. Writers come in bursts with
quiet gaps, as DESIGN's rule for sealing a snapshot assumes of a client's
write-back, and each burst is one pwrite so that no scheduler can stretch it.

The control runs the same body over a build of the daemon that hands out
blocks without sealing, and must find torn reads.
"""

import collections
import contextlib
import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import disk
import harness
import servers
import tftpclient
from disk import MIB, Fat, Part
from payload import SECTOR_BYTES, Payload, Torn

UNSEALED = Path(os.environ.get(
    "PIBOOTFS_UNSEALED", harness.REPOSITORY / "build/tests/pibootfs-unsealed"))

NAME = "kernel8.img"
SIZE = 600_000
KERNEL = Payload(NAME, lambda _: SIZE)
GROWING = Payload(NAME, lambda version: SIZE + (version % 7) * 3_000)
OTHER = Payload("initrd.img", lambda version: SIZE + 200)

# Longer than the daemon waits between its two looks at a fresh image.
GAP_SECONDS = 0.16
# The longest a test may take to collect its reads; it hangs otherwise.
GIVE_UP_SECONDS = 60
WANTED_READS = 20
WANTED_VERSIONS = 5
READ_BYTES = 16 * 1024
PAUSE_SECONDS = 0.008

ALLOWED_ERRORS = {errno.EIO, errno.ESTALE}


# Writers: called with a version, they put it into the image

class InPlace:
    """The whole content in the same clusters, in one burst."""

    payload = KERNEL
    may_be_missing = False

    def __init__(self, image, volume):
        volume.write(NAME, KERNEL.content(1))
        self.at = image.read_bytes().index(KERNEL.content(1))
        self.file = os.open(image, os.O_WRONLY)

    def close(self):
        os.close(self.file)

    def write(self, version):
        os.pwrite(self.file, KERNEL.content(version), self.at)

    def pause(self, stop):
        stop.wait(GAP_SECONDS)


class WithoutGaps(InPlace):
    """In place, sector after sector, never resting."""

    def write(self, version):
        data = KERNEL.content(version)
        step = 64 * SECTOR_BYTES
        for at in range(0, SIZE, step):
            os.pwrite(self.file, data[at:at + step], self.at + at)

    def pause(self, stop):
        pass


class ThroughShadow:
    """Changes by mtools on a copy; what differs goes over in one burst."""

    payload = GROWING
    may_be_missing = False

    def __init__(self, image, volume):
        volume.write(NAME, self.payload.content(1))
        self.image = image
        self.shadow = image.with_name("shadow")
        self.shadow.write_bytes(image.read_bytes())
        self.volume = Fat(self.shadow, volume.offset)

    def close(self):
        self.shadow.unlink()

    def write(self, version):
        self.volume.replace(NAME, self.payload.content(version))
        self.burst()

    def burst(self):
        old, new = self.image.read_bytes(), self.shadow.read_bytes()
        changed = [at for at in range(0, len(new), SECTOR_BYTES)
                   if old[at:at + SECTOR_BYTES] != new[at:at + SECTOR_BYTES]]
        if changed:
            start, end = changed[0], changed[-1] + SECTOR_BYTES
            with self.image.open("r+b", buffering=0) as file:
                os.pwrite(file.fileno(), new[start:end], start)

    def pause(self, stop):
        stop.wait(GAP_SECONDS)


class Replace(ThroughShadow):
    """A new file beside the old one, moved over it."""


class DeleteAndReuse(ThroughShadow):
    """Deleted, and its clusters become another file; written again elsewhere.

    Every fourth time it is missing for a while.
    """

    may_be_missing = True

    def write(self, version):
        self.volume.remove(NAME)
        self.volume.write("initrd.img", OTHER.content(version))
        if version % 4 == 0:
            self.burst()
            time.sleep(GAP_SECONDS)
        self.volume.write(NAME, self.payload.content(version))
        self.burst()


# Readers: each returns the whole file, or raises Refused

class Refused(Exception):
    """The read failed in a way that is allowed."""


def slowly_through_the_mount(bench):
    try:
        with open(bench.place, "rb", buffering=0) as file:
            data = b""
            while chunk := file.read(READ_BYTES):
                data += chunk
                time.sleep(PAUSE_SECONDS)
            return data
    except OSError as error:
        if error.errno in ALLOWED_ERRORS or (
                bench.may_be_missing and error.errno == errno.ENOENT):
            raise Refused(errno.errorcode[error.errno]) from None
        raise


def slowly_through_dnsmasq(bench):
    data = b""
    try:
        with tftpclient.Transfer(bench.network, f"jammy/{NAME}",
                                 blksize=1468) as transfer:
            for number, block in enumerate(transfer.blocks()):
                data += block
                if number % 10 == 9:
                    time.sleep(PAUSE_SECONDS)
        return data
    except tftpclient.TftpError as error:
        if error.code == tftpclient.NOT_FOUND and not bench.may_be_missing:
            raise
        raise Refused(f"TFTP {error.code}") from None


def by_curl_through_dnsmasq(bench):
    """curl turns every TFTP error into a status; the rest must be whole."""
    target = bench.work / f"curl-{threading.get_ident()}"
    result = servers.curl(bench.network, f"jammy/{NAME}", target,
                          blksize=1024, check=False)
    if result.returncode != 0:
        assert bench.may_be_missing \
            or result.returncode != servers.CURL_TFTP_NOT_FOUND
        raise Refused(f"curl {result.returncode}")
    return target.read_bytes()


READERS = (slowly_through_the_mount, slowly_through_dnsmasq,
           by_curl_through_dnsmasq)


class Bench:
    """A small volume, so that freed clusters are soon used again, served."""

    def __init__(self, work, images, mount):
        self.work = work
        self.image = images / "jammy.img"
        (boot,) = disk.partitioned(self.image, "mbr", [
            Part(size=2 * MIB, fat=12, cluster=2048)])
        self.volume = boot.volume
        self.mount = mount()
        self.place = self.mount.path / "jammy" / NAME
        self.may_be_missing = False
        self.network = servers.Network()
        self.server = servers.dnsmasq(self.network, self.mount.path)

    def close(self):
        self.server.stop()
        self.network.close()

    def observe(self, writer_class, enough):
        """Run the writer, and each reader until enough(what it has seen).

        Returns a Counter per reader: versions, "torn: …" and refusals.
        """
        stop = threading.Event()
        outcomes = {reader: collections.Counter() for reader in READERS}
        deadline = time.monotonic() + GIVE_UP_SECONDS
        self.may_be_missing = writer_class.may_be_missing
        with contextlib.closing(writer_class(self.image,
                                             self.volume)) as writer:

            def write():
                version = 1
                while not stop.is_set():
                    version += 1
                    writer.write(version)
                    writer.pause(stop)

            def read(reader):
                seen = outcomes[reader]
                while not enough(seen) and time.monotonic() < deadline:
                    try:
                        seen[writer.payload.version_of(reader(self))] += 1
                    except Torn as torn:
                        seen[f"torn: {torn}"] += 1
                    except Refused as refused:
                        seen[f"refused: {refused}"] += 1
                        time.sleep(PAUSE_SECONDS)

            with ThreadPoolExecutor(1 + len(READERS)) as pool:
                writing = pool.submit(write)
                try:
                    list(pool.map(read, READERS))
                finally:
                    stop.set()
                writing.result()
        return outcomes


@pytest.fixture
def bench(work, images, mount):
    made = Bench(work, images, mount)
    yield made
    made.close()


@pytest.fixture
def unsealed_bench(work, images, mount, monkeypatch):
    assert UNSEALED.exists(), f"{UNSEALED} is missing: build it first"
    monkeypatch.setattr(harness, "PIBOOTFS", UNSEALED)
    made = Bench(work, images, mount)
    yield made
    made.close()


def versions(seen):
    return {key: n for key, n in seen.items() if isinstance(key, int)}


def is_torn(outcome):
    return str(outcome).startswith("torn")


def torn(outcomes):
    return [f"{reader.__name__}: {key}" for reader, seen in outcomes.items()
            for key in seen if is_torn(key)]


def whole_reads_of_several_versions(seen):
    whole = versions(seen)
    return sum(whole.values()) >= WANTED_READS \
        and len(whole) >= WANTED_VERSIONS


@pytest.mark.parametrize("writer", [InPlace, Replace, DeleteAndReuse])
def test_no_read_is_torn(bench, writer):
    outcomes = bench.observe(writer, whole_reads_of_several_versions)
    assert not torn(outcomes)
    for reader, seen in outcomes.items():
        assert whole_reads_of_several_versions(seen), \
            f"{reader.__name__} got {dict(seen)}"


def test_no_read_is_torn_while_the_writer_never_rests(bench):
    """Every read may be refused here; none may be a mixture."""
    outcomes = bench.observe(WithoutGaps, lambda seen: seen.total() >= 10)
    assert not torn(outcomes)


@pytest.mark.parametrize("writer", [InPlace, Replace, DeleteAndReuse])
def test_control_without_sealing_tears(unsealed_bench, writer):
    """The same readers and writers do find torn reads where there are some.
    """
    found = []

    def one_was_torn(seen):
        found.extend(key for key in seen if is_torn(key))
        return found

    unsealed_bench.observe(writer, one_was_torn)
    assert found
