# SPDX-License-Identifier: BSD-2-Clause
"""What reaches the log, and in what form."""

import errno

import pytest

import fatwrite
from tree import open_error

pytestmark = pytest.mark.usefixtures("good_board")


@pytest.mark.parametrize("character", (
    "\x1b", "\n", "\x7f", "\u009b", "\u061c", "\u200f", "\u2028", "\u202e",
    "\u2066"), ids=ascii)
def test_what_a_terminal_would_obey_in_a_name_is_masked(character, images,
                                                        mount):
    volume = fatwrite.small_volume(images / "v.img")
    name = f"ä{character}.gpj"
    volume.set_entry(volume.add("", b"NAME~1  GPJ", b"x", long=name),
                     cluster=0)
    daemon = mount()
    open_error(errno.EIO, daemon.path / "v" / name)
    (line,) = daemon.final_log_lines(r"v\.img: ä\?\.gpj: ")
    assert character not in line
