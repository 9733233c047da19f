# SPDX-License-Identifier: BSD-2-Clause
"""Looking at a mounted tree the way programs do."""

import errno
import os
from pathlib import Path

import pytest

from harness import run


def names(directory):
    """What a directory lists, sorted; fails on a name listed twice."""
    listed = sorted(os.listdir(directory))
    assert len(listed) == len(set(listed)), f"listed twice: {listed}"
    return listed


def read_all(directory):
    """{path below directory: content} of all files."""
    found = {}
    for parent, _, files in os.walk(directory, onerror=_fail):
        for name in files:
            path = Path(parent, name)
            found[str(path.relative_to(directory))] = path.read_bytes()
    return found


def _fail(error):
    raise error


def expect_error(number, call, *args):
    """Assert that a system call fails with this errno (or one of these)."""
    numbers = number if isinstance(number, tuple) else (number,)
    with pytest.raises(OSError) as caught:
        call(*args)
    wanted = "/".join(os.strerror(n) for n in numbers)
    assert caught.value.errno in numbers, f"{caught.value}, not {wanted}"


def open_error(number, path):
    """Assert that opening the file fails, so before any byte of it."""
    expect_error(number, _open_and_close, path)


def _open_and_close(path):
    os.close(os.open(path, os.O_RDONLY))


def attempt(call, *args):
    """Do it; only an error a broken image may give may come of it."""
    try:
        return call(*args)
    except OSError as error:
        assert error.errno in (errno.EIO, errno.ENOENT, errno.ESTALE,
                               errno.ELOOP, errno.ENAMETOOLONG), error
        return None


def walk_all(board):
    """See every name of a board and read what can be read, within bounds."""
    run("find", board, check=False, timeout=120)
    for name in (attempt(os.listdir, board) or [])[:50]:
        path = board / name
        if attempt(os.stat, path) and not path.is_dir():
            attempt(_read_start, path)


def _read_start(path):
    with path.open("rb") as file:
        return file.read(1 << 20)


def assert_good(daemon):
    """The board of the fixture `good_board` is served."""
    assert (daemon.path / "good/config.txt").read_bytes() == b"good"
