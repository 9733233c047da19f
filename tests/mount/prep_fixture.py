# SPDX-License-Identifier: BSD-2-Clause
"""Where most tests of pibootfs-prep work: in memory, so that syncing a file,
of which the program does a lot, costs nothing.

A test module that imports `work` from here has it in place of conftest.py's.
"""

import functools
import itertools
import shutil

import pytest

import harness
from prep_samples import small

_numbers = itertools.count(1)


@functools.lru_cache(maxsize=None)
def memory():
    """A file system in memory, which clean_up() unmounts."""
    directory = harness.session_directory() / "memory"
    directory.mkdir()
    harness.run("mount", "-t", "tmpfs", "-o", "size=2G,mode=755", "tmpfs",
                directory)
    return directory


@pytest.fixture
def work():
    """A fresh directory in memory for one test, removed after it."""
    directory = memory() / f"t{next(_numbers)}"
    directory.mkdir()
    yield directory
    harness.unmount_all(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def image(images):
    """jammy.img in IMAGES, small and in the shape of Ubuntu's."""
    small(images / "jammy.img")
    return images / "jammy.img"
