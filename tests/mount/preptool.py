# SPDX-License-Identifier: BSD-2-Clause
"""pibootfs-prep, run on images made for a test, and what is there after it.

prep_samples.py makes the images.
"""

import hashlib
import os
import re
import shutil
import stat
import struct
from pathlib import Path

import harness
from disk import ENVIRONMENT, Fat
from fatread import Volume
from harness import PIBOOTFS, run

PIBOOTFS_PREP = Path(os.environ.get(
    "PIBOOTFS_PREP", PIBOOTFS.parents[1] / "tools/pibootfs-prep")).resolve()
DONE, USAGE, FAILED, WARNED = range(4)

HOST = "192.168.1.10"
# Nothing about the network of the machine that runs the tests.
NETWORK = ("--interface", "eth0", "--subnet", "192.168.1.0/24")
NBD = ("--nbd-host", HOST, *NETWORK)
BLOCK_BYTES = 4096

# A wrapper: as somebody who has no rights.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
          "env", "TMPDIR=/tmp")


def prep(*words, status=DONE, wrapper=(), **options):
    """Run the program and check its status, which may be one of several;
    stdout and stderr are text."""
    result = run(*wrapper, PIBOOTFS_PREP, *words, check=False, **options)
    wanted = status if isinstance(status, tuple) else (status,)
    assert result.returncode in wanted, \
        f"{words}: status {result.returncode}, not {status}\n" \
        f"{result.stdout}\n{result.stderr}"
    assert not harness.SANITIZER_REPORT.search(result.stderr), result.stderr
    for line in result.stderr.splitlines():
        assert line.startswith("pibootfs-prep: "), line
    assert result.stderr or result.returncode in (DONE, WARNED), \
        "failed without a word"
    return result


def refused(*words, says, status=FAILED, **options):
    """Run what must fail; its error, in which `says` is found."""
    errors = prep(*words, status=status, **options).stderr
    assert re.search(says, errors), errors
    return errors


def said(result):
    """All that a run printed."""
    return result.stdout + result.stderr


def strace(*faults, trace="/dev/null", calls="all"):
    """A wrapper that injects faults into system calls of the program, not
    into those of the programs that it runs; `calls` are traced."""
    words = ["strace", "-o", trace, "-e", f"trace={calls}",
             # A search for leaks does not work beneath strace.
             "-E", "ASAN_OPTIONS=detect_leaks=0"]
    for fault in faults:
        words += ["-e", f"inject={fault}"]
    return words


# What is there


def digest(path):
    """A sum of a file's bytes for which holes and zeroes are the same."""
    total = hashlib.sha256()
    zeroes = bytes(BLOCK_BYTES)
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        total.update(b"%d" % size)
        position = 0
        while position < size:
            try:
                position = os.lseek(file.fileno(), position, os.SEEK_DATA)
            except OSError:     # a hole to the end
                break
            position -= position % BLOCK_BYTES
            end = os.lseek(file.fileno(), position, os.SEEK_HOLE)
            while position < end:
                block = os.pread(file.fileno(), BLOCK_BYTES, position)
                if block != zeroes[:len(block)]:
                    total.update(b"%d:" % position + block)
                position += BLOCK_BYTES
    return total.hexdigest()


def state(*paths, times=True):
    """Everything about files and what is in directories, with or without the
    times of files: to be equal."""
    found = {}
    for path in paths:
        path = Path(path)
        for item in (path, *sorted(path.rglob("*"))):
            status = item.lstat()
            held = None
            if stat.S_ISLNK(status.st_mode):
                held = os.readlink(item)
            elif stat.S_ISREG(status.st_mode):
                held = (digest(item), status.st_mtime_ns if times else None)
            found[str(item)] = (status.st_mode, status.st_uid, status.st_gid,
                                held)
    return found


def printed(output):
    """A configuration that was printed, without a heading that says what it
    is."""
    lines = output.splitlines(keepends=True)
    return "".join(lines[1:] if lines[0].startswith("# a file in") else lines)


def names(directory):
    """What is in a directory, sorted, with names that begin with a dot."""
    return sorted(os.listdir(directory))


def partition_start(image, number):
    """The byte at which a partition begins, as sfdisk tells it."""
    lines = run("sfdisk", "-d", image).stdout.splitlines()
    (line,) = [line for line in lines
               if re.match(re.escape(f"{image}{number} "), line)
               or re.match(re.escape(f"{image}p{number} "), line)]
    return int(re.search(r"start=\s*(\d+)", line)[1]) * 512


def boot(image, number=1):
    """The boot partition of an image, for mtools."""
    return Fat(image, partition_start(image, number))


def cmdline(image, path="cmdline.txt", number=1):
    return boot(image, number).read(path)


def boot_files(image, number=1):
    """{path: bytes} of all files on the boot partition."""
    start = partition_start(image, number)
    target = harness.session_directory() / "boot-files"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    run("mcopy", "-s", "-n", "-i", f"{image}@@{start}", "::/", target,
        env=ENVIRONMENT)
    found = {str(path.relative_to(target)): path.read_bytes()
             for path in target.rglob("*") if path.is_file()}
    shutil.rmtree(target)
    return found


def volume_bytes(image, number=1):
    """(start, size) of the FAT volume."""
    volume = Volume(image, partition_start(image, number))
    return volume.offset, volume.size


def fsck(image, number=1):
    """What fsck.fat says of the boot partition: (status, clusters in use)."""
    start, size = volume_bytes(image, number)
    target = harness.session_directory() / "fsck.fat"
    _extract(image, start, size, target)
    result = run("fsck.fat", "-n", target, check=False)
    target.unlink()
    (used,) = re.findall(r"\d+ files, (\d+)/", result.stdout)
    return result.returncode, int(used)


def assert_sound(image, number=1):
    """fsck.fat has nothing to say against it; clusters in use."""
    status, used = fsck(image, number)
    assert status == 0
    return used


def outside_boot(image, number=1):
    """A sum of all but the boot partition."""
    start, size = volume_bytes(image, number)
    total = hashlib.sha256()
    with Path(image).open("rb") as file:
        total.update(file.read(start))
        file.seek(start + size)
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def _extract(image, start, size, target):
    """Copy bytes of an image, holes as holes."""
    with Path(image).open("rb") as source, target.open("wb") as copy:
        copy.truncate(size)
        position = start
        while position < start + size:
            try:
                position = os.lseek(source.fileno(), position, os.SEEK_DATA)
            except OSError:
                break
            end = min(os.lseek(source.fileno(), position, os.SEEK_HOLE),
                      start + size)
            while position < end:
                data = os.pread(source.fileno(), min(1 << 20, end - position),
                                position)
                os.pwrite(copy.fileno(), data, position - start)
                position += len(data)


def mbr_partitions(image):
    """The four entries of the MBR, as they are on the disk."""
    with Path(image).open("rb") as file:
        sector = file.read(512)
    return [struct.unpack_from("<B3sB3sII", sector, 446 + 16 * index)
            for index in range(4)]
