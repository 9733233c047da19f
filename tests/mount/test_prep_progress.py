# SPDX-License-Identifier: BSD-2-Clause
"""How far it is, on a terminal and nowhere else."""

import os
import re
import time

import pytest

from harness import start_process
from prep_fixture import work  # noqa: F401
from prep_samples import sample
from preptool import PIBOOTFS_PREP

PIECES = 4
ERASED = "\r\x1b[K"


def printed(images, *words):
    """What a terminal gets while an image comes slowly through a pipe."""
    terminal, theirs = os.openpty()
    reader, writer = os.pipe()
    process = start_process([PIBOOTFS_PREP, *words, "--name", "jammy", "-",
                             images], stdin=reader, stderr=theirs)
    os.close(theirs)
    os.close(reader)
    data = sample("jammy")[0].read_bytes()
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        for piece in range(PIECES):
            start = len(data) * piece // PIECES
            pipe.write(data[start:len(data) * (piece + 1) // PIECES])
            time.sleep(0.25)
    assert process.wait(60) == 0
    text = b""
    try:
        while piece := os.read(terminal, 65536):
            text += piece
    except OSError:     # the other end is closed
        pass
    os.close(terminal)
    return text.decode()


def test_on_a_terminal_it_shows_how_much_has_come(images):
    bar, erased, rest = printed(images).partition(ERASED)
    shown = [int(number) for number in re.findall(r"\r(\d+) MiB", bar)]
    assert len(shown) >= PIECES and shown == sorted(shown)
    assert erased and rest.startswith("pibootfs-prep: jammy.img: ")
    assert "from standard input" in rest


@pytest.mark.parametrize("word", ("-q", "--quiet"))
def test_quietly_it_shows_none(word, images):
    assert "\r\x1b" not in printed(images, word)
