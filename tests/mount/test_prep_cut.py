# SPDX-License-Identifier: BSD-2-Clause
"""A run that is killed, interrupted or fails in the middle leaves the image
and the configurations as before or as wanted, never between."""

import itertools
import os
import random
import signal
import time

import pytest

from harness import run
from prep_cut import Scene, spread
from prep_fixture import work  # noqa: F401
from preptool import FAILED, PIBOOTFS_PREP, prep, strace

POINTS, RANDOM_POINTS = 10, 5
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
SEED = int(os.environ.get("PREP_SEED", "1"))


@pytest.fixture(params=(False, True), ids=("in place", "new"))
def scene(request, work):
    return Scene(work, request.param)


def each_point(scene, faults, count=POINTS):
    """Runs of which each is hit by the next of `faults` at another call:
    (fault, status, what it printed)."""
    for (call, number), fault in zip(spread(scene.calls(), count),
                                     itertools.cycle(faults)):
        process = scene.start(strace(f"{call}:{fault}:when={number}"))
        status, text = scene.finish(process)
        print(f"---- {call} {number}, {fault}: status {status}\n{text}")
        yield fault, status, text
        scene.reset()


def random_points(scene, number):
    """Runs that get a signal at any time: (status, what they printed)."""
    started = time.monotonic()
    scene.finish(scene.start())
    took = time.monotonic() - started
    rng = random.Random(SEED)
    for _ in range(RANDOM_POINTS):
        scene.reset()
        process = scene.start()
        # Before that the program may have had no time to begin.
        time.sleep(rng.uniform(0.01, took))
        process.send_signal(number)
        yield scene.finish(process)


def test_killed_at_any_call_the_same_command_finishes_it(scene):
    """Until then all is as before, as wanted, or has an undo file, and there
    is no other file: nameless ones go by themselves."""
    pending = 0
    for _, status, _ in each_point(scene, ["signal=SIGKILL"]):
        assert status in (0, -signal.SIGKILL)
        if scene.is_pending():
            pending += 1
        else:
            scene.assert_whole()
        scene.assert_nothing_else()
        prep(*scene.words)
        scene.assert_wanted()
    assert bool(pending) == (not scene.is_new)


def test_killed_in_place_the_next_run_puts_it_back(work):
    """One that changes nothing: it only puts back what was there."""
    scene = Scene(work, False)
    pending = 0
    for _ in each_point(scene, ["signal=SIGKILL"], 8):
        if scene.is_pending():
            pending += 1
            assert "cut off" in run(PIBOOTFS_PREP, scene.image,
                                    check=False).stderr
            assert not scene.is_pending()
            assert scene.is_image_before()
        scene.assert_whole()
    assert pending


def test_killed_at_any_time_the_same_command_finishes_it(scene):
    for status, _ in random_points(scene, signal.SIGKILL):
        assert status in (0, -signal.SIGKILL)
        if not scene.is_pending():
            scene.assert_whole()
        prep(*scene.words)
        scene.assert_wanted()


def test_a_signal_at_any_call_leaves_all_as_before(scene):
    """Or it is over already, and all is as wanted."""
    cut_off = 0
    for fault, status, _ in each_point(
            scene, [f"signal={name}" for name in SIGNALS], 12):
        assert status in (0, -getattr(signal, fault.removeprefix("signal=")))
        if status == 0:
            scene.assert_wanted()
        else:
            scene.assert_before()
            cut_off += 1
    assert cut_off


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_while_it_waits_for_its_source_leaves_nothing(name, work):
    """From a pipe that nobody writes into."""
    scene = Scene(work, True)
    number = getattr(signal, name)
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb"):
        process = scene.start_with(pipe)
        time.sleep(0.1)
        process.send_signal(number)
        assert scene.finish(process)[0] == -number
    scene.assert_before()


def test_a_signal_at_any_time_leaves_all_as_before(scene):
    for status, _ in random_points(scene, signal.SIGINT):
        assert status in (0, -signal.SIGINT)
        if status == 0:
            scene.assert_wanted()
        else:
            scene.assert_before()


def test_an_error_at_any_call_leaves_all_as_before(scene):
    """Only an image that cannot be put back now is put back later."""
    failed = 0
    for _, status, text in each_point(scene, ("error=ENOSPC", "error=EIO"),
                                      16):
        assert status in (0, FAILED)
        if status == 0:         # it did without that call
            scene.assert_wanted()
            continue
        failed += 1
        assert text
        if scene.is_pending():
            assert "half changed" in text
            run(PIBOOTFS_PREP, scene.image, check=False)
        scene.assert_before()
        assert ": written" not in text and "89025d75 -> " not in text
    assert failed
