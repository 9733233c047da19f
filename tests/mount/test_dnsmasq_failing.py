# SPDX-License-Identifier: BSD-2-Clause
"""Storage that fails for a moment under dnsmasq, whichever release it is.

dnsmasq has one descriptor for all transfers of one inode. Since 2.92 it also
remembers where it stands in the file, and seeks only when the next block is
somewhere else. A read that fails moves the descriptor, by what it could read
or by the seek before it, but not what is remembered. So if a later read of
the same inode succeeds, its bytes come from another place, and the transfer
is logged as "sent".

Two clients are held next to pages that neither the kernel nor the daemon has,
and take some more blocks while the storage fails. Whatever the order, each
gets its file from the first byte to the last, or as far as an error: never
another byte. And whoever comes next gets it whole.
"""

import contextlib
import ctypes
import errno
import itertools
import mmap
import os
import time

import pytest

import disk
import servers
import tftpclient
from disk import MIB
from harness import REPOSITORY, eventually, run
from payload import Payload
from storage import Failing

SUITES = ("bookworm", "trixie", "forky")     # 2.90, 2.91, and 2.93 or later
FOOLED = ("2.92", "2.93")
OUT_OF_REACH = 77
ROOT_SECONDS = 1000

BLOCK_BYTES = 1468
PAGE_BYTES = mmap.PAGESIZE
# Pages that nobody has. What the kernel reads at once, and may drop only at
# once, begins at a multiple of 16 KiB.
NEAR_HOLE = range(8, 12)
FAR_HOLE = range(16, 49)
FILE_BYTES = FAR_HOLE.stop * PAGE_BYTES
# Nothing has room beside the filler.
SNAPSHOT_MEMORY = MIB
FILLER = Payload("filler.img", lambda version: SNAPSHOT_MEMORY - 40_000)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p


class CachedFile:
    """An open file, and which of its pages the kernel holds."""

    def __init__(self, path):
        self._file = path.open("rb", buffering=0)
        self.size_bytes = os.fstat(self._file.fileno()).st_size

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def read(self, offset=0, size=None):
        return os.pread(self._file.fileno(), size or self.size_bytes, offset)

    def drop(self, pages=None):
        """Have the kernel forget these pages, or all."""
        pages = pages or range(-(-self.size_bytes // PAGE_BYTES))
        os.posix_fadvise(self._file.fileno(), pages.start * PAGE_BYTES,
                         len(pages) * PAGE_BYTES, os.POSIX_FADV_DONTNEED)

    def pages(self):
        """Whether it is held, for each page."""
        length = ctypes.c_size_t(self.size_bytes)
        held = (ctypes.c_ubyte * -(-self.size_bytes // PAGE_BYTES))()
        address = ctypes.c_void_p(_libc.mmap(
            None, length, mmap.PROT_READ, mmap.MAP_PRIVATE,
            self._file.fileno(), ctypes.c_long(0)))
        assert _libc.mincore(address, length, held) == 0
        _libc.munmap(address, length)
        return [bool(page & 1) for page in held]


def make_holes(file):
    """Drops the pages of both holes; not those that are just being read."""
    for hole in (NEAR_HOLE, FAR_HOLE):
        file.drop(hole)
    held = file.pages()
    return all(held[hole.start - 1] and not held[hole.start]
               for hole in (NEAR_HOLE, FAR_HOLE))


class Client:
    """One transfer, compared with the file it should be."""

    def __init__(self, network, path, content):
        self._content = content
        self._transfer = tftpclient.Transfer(network, path, tsize=0,
                                             blksize=BLOCK_BYTES)
        assert self._transfer.blksize == BLOCK_BYTES
        self._received = b""
        self.error = None

    @property
    def ended(self):
        return self.error is not None or self._transfer.done

    def step(self):
        """One block more, or the error instead of it."""
        try:
            self._received += self._transfer.next_block()
        except tftpclient.TftpError as error:
            self.error = str(error)

    def wait(self):
        """The server's last block once more, or the error instead of it."""
        try:
            again = self._transfer.repeated_block()
            self._received = self._received[:-len(again)] + again
        except tftpclient.TftpError as error:
            self.error = str(error)

    def step_up_to(self, page):
        """Stop two blocks before the end of the one that reaches `page`."""
        while len(self._received) // BLOCK_BYTES + 2 \
                <= page * PAGE_BYTES // BLOCK_BYTES:
            self.step()

    def complaint(self):
        """What is wrong with what it has got, or None."""
        for at, (got, wanted) in enumerate(zip(self._received,
                                               self._content)):
            if got != wanted:
                return f"other bytes from {at} on, {self.error or 'no error'}"
        if not self.error and len(self._received) != len(self._content):
            return f"{len(self._received)} bytes, no error"
        return None

    def close(self):
        self._transfer.close()


class Served:
    """A directory that dnsmasq serves from storage that can fail."""

    def __init__(self, network, server, storage, directory, prefix=""):
        self.network, self.server, self.storage = network, server, storage
        self.directory, self._prefix = directory, prefix

    def client(self, payload):
        return Client(self.network, self._prefix + payload.name,
                      payload.content(1))

    def is_shared(self, payload):
        """Whether all that read it have one descriptor."""
        files = [os.readlink(link).rsplit("/", 1)[-1]
                 for link in (self.server.proc / "fd").iterdir()]
        return files.count(payload.name) == 1

    def wait_until_idle(self):
        """It has one thread: an answer means that all before it is done."""
        with pytest.raises(tftpclient.TftpError) as caught:
            tftpclient.fetch(self.network, "nothing")
        assert caught.value.code == tftpclient.NOT_FOUND

    def release_content(self, file):
        """For storage of whose content nobody else has a copy."""

    @contextlib.contextmanager
    def two_clients(self, payload, pages):
        """Two clients of the file, A and B, that stop before these pages.
        Nobody holds the pages of the holes then."""
        path = self.directory / payload.name
        with CachedFile(path) as file, \
                contextlib.closing(self.client(payload)) as a, \
                contextlib.closing(self.client(payload)) as b:
            assert self.is_shared(payload)
            for client, page in zip((a, b), pages):
                client.step_up_to(page)
            self.wait_until_idle()
            self.release_content(file)
            eventually(lambda: make_holes(file), what="holes in the cache")
            yield {"A": a, "B": b}

    def wrong(self, payload, clients):
        """All go on to the end, and so does one more. What was wrong?"""
        while running := [client for client in clients.values()
                          if not client.ended]:
            for client in running:
                client.step()
        with contextlib.closing(self.client(payload)) as another:
            while not another.ended:
                another.step()
        faults = {letter: client.complaint()
                  for letter, client in clients.items()}
        faults["the next"] = another.complaint() or another.error
        return [f"{payload.name}: {who}: {fault}"
                for who, fault in faults.items() if fault]


class Mounted(Served):
    """pibootfs is between dnsmasq and the storage."""

    def release_content(self, file):
        file.read(file.size_bytes - 1, 1)       # sealed, so it can be dropped
        eventually(self._read_filler, what="room for the filler")

    def _read_filler(self):
        """There is no room as long as the other file's last byte is on its
        way."""
        try:
            with CachedFile(self.directory / FILLER.name) as filler:
                filler.drop()
                return FILLER.version_of(filler.read())
        except OSError as error:
            if error.errno not in (errno.ENOMEM, errno.EIO):
                raise
            return None


def play(served, payload, script, page_of_b):
    """What went wrong when A and B took blocks in the order of `script` while
    the storage failed?"""
    with served.two_clients(payload, (FAR_HOLE.start, page_of_b)) as clients:
        with served.storage.fails():
            for letter in script:
                if not clients[letter].ended:
                    clients[letter].step()
            served.wait_until_idle()
        for letter, client in clients.items():
            assert script.count(letter) < 2 or client.error, \
                f"{script}: {letter} has noticed nothing"
        return served.wrong(payload, clients)


def scripts():
    """All orders of up to three blocks."""
    for length in (1, 2, 3):
        for letters in itertools.product("AB", repeat=length):
            yield "".join(letters)


def file_for(script):
    """Each has its own, so that none has another's descriptor."""
    return Payload(f"k-{script}.img".lower(), lambda version: FILE_BYTES)


@pytest.fixture(scope="module")
def systems():
    """Makes the root directory of a Debian that has dnsmasq, or skips."""
    def make(suite):
        made = run(REPOSITORY / "tests/clean-root", suite, "dnsmasq",
                   "dnsmasq-base", check=False, timeout=ROOT_SECONDS)
        if made.returncode == OUT_OF_REACH:
            pytest.skip(made.stderr.strip())
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()
    return make


@pytest.fixture(scope="module", params=SUITES)
def system(request, systems):
    return systems(request.param)


@pytest.fixture
def network():
    with servers.Network() as made:
        yield made


@pytest.fixture
def failing(work):
    """Makes storage that can fail of a file."""
    with contextlib.ExitStack() as stack:
        yield lambda backing: stack.enter_context(
            contextlib.closing(Failing(work, backing)))


@pytest.fixture
def served(work, images, failing, mount, network, system):
    files = [FILLER, *(file_for(script) for script in (*scripts(), "wait"))]
    disk.boot_image(work / "backing",
                    {file.name: file.content(1) for file in files},
                    size=16 * MIB, cluster=2048)
    storage = failing(work / "backing")
    (images / "jammy.img").symlink_to(storage.path)
    tree = mount(f"snapshot_memory={SNAPSHOT_MEMORY}").path
    with servers.dnsmasq(network, tree, system=system) as server:
        yield Mounted(network, server, storage, tree / "jammy", "jammy/")


@pytest.mark.parametrize("page_of_b", [NEAR_HOLE.start, FAR_HOLE.start],
                         ids=["apart", "side by side"])
def test_no_client_gets_other_bytes_when_storage_fails_for_a_moment(page_of_b,
                                                                    served):
    wrong = []
    for script in scripts():
        wrong += play(served, file_for(script), script, page_of_b)
    assert not wrong, "\n".join([*wrong, served.server.log()])


def test_no_client_gets_other_bytes_when_a_block_cannot_be_sent_again(served):
    """The server reads for B, then, as A is silent, A's last block once more,
    and both reads fail."""
    payload = file_for("wait")
    pages = (FAR_HOLE.start + 4, NEAR_HOLE.start)
    with served.two_clients(payload, pages) as clients:
        # So that B is not sent its block again too: dnsmasq counts seconds.
        begin = time.monotonic()
        eventually(lambda: time.monotonic() > begin + 1, what="a second")
        with served.storage.fails():
            clients["B"].step()
            clients["A"].wait()
            served.wait_until_idle()
        assert clients["A"].error
        wrong = served.wrong(payload, clients)
    assert not wrong, "\n".join([*wrong, served.server.log()])


def test_control_storage_that_answers_again_fools_dnsmasq(work, failing,
                                                          network, systems):
    """Where the same inode can be read again, 2.93 does send other bytes."""
    payload = Payload("disk.img", lambda version: FILE_BYTES)
    (work / "backing").write_bytes(payload.content(1))
    storage = failing(work / "backing")
    with servers.dnsmasq(network, storage.path.parent, "--group=root",
                         system=systems("forky")) as server:
        version = server.wait_log(r"started, version (\S+)")[1]
        if not version.startswith(FOOLED):
            pytest.skip(f"dnsmasq {version}, not " + " or ".join(FOOLED))
        wrong = play(Served(network, server, storage, storage.path.parent),
                     payload, "A", FAR_HOLE.start)
    assert any("other bytes" in fault for fault in wrong), wrong
