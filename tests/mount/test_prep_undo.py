# SPDX-License-Identifier: BSD-2-Clause
"""The undo file beside an image: what only looks tells of it and leaves it
alone, and what anybody can have put there is not applied."""

import json
import os

import pytest

from harness import run
from imagetool import PIBOOTFS_IMAGE
from prep_cut import Scene
from prep_fixture import work  # noqa: F401
from preptool import (NBD, PIBOOTFS_PREP, WARNED, prep, refused, state,
                      strace)

STRANGER = 4321


@pytest.fixture
def scene(work):
    """A run was killed when all was written but its undo file still there."""
    made = Scene(work, False)
    made.finish(made.start(strace("unlinkat:signal=SIGKILL:when=1")))
    assert made.is_pending() and not made.is_image_before()
    return made


def undo_file(scene):
    return scene.images / "jammy.img.undo"


# Programs that only look


def looks(scene):
    """Their commands."""
    return ((PIBOOTFS_IMAGE, "ls", "-lR", scene.image),
            (PIBOOTFS_IMAGE, "cat", scene.image, "config.txt"),
            (PIBOOTFS_IMAGE, "cp", scene.image, "/", scene.work / "out"),
            (PIBOOTFS_PREP, "--check", scene.image),
            (PIBOOTFS_PREP, "--dry-run", *NBD, scene.image))


def test_what_only_looks_warns_and_changes_nothing(scene):
    before = state(scene.images)
    for command in looks(scene):
        assert "jammy.img.undo" in run(*command, check=False).stderr
        assert state(scene.images) == before


def test_info_tells_of_an_undo_file_and_changes_nothing(scene):
    before = state(scene.images)
    result = run(PIBOOTFS_IMAGE, "info", scene.image)
    assert f"Undo file:       {undo_file(scene)}" in result.stdout
    assert "half changed" in result.stdout and not result.stderr
    result = run(PIBOOTFS_IMAGE, "info", "-J", scene.image)
    assert json.loads(result.stdout)["undo"] == str(undo_file(scene))
    assert state(scene.images) == before
    undo_file(scene).unlink()
    result = run(PIBOOTFS_IMAGE, "info", "-J", scene.image)
    assert json.loads(result.stdout)["undo"] is None
    assert "Undo" not in run(PIBOOTFS_IMAGE, "info", scene.image).stdout


def test_pibootfs_image_opens_nothing_beside_the_image_for_writing(scene):
    trace = scene.work / "trace"
    for command in (*looks(scene)[:3], (PIBOOTFS_IMAGE, "info", scene.image)):
        run(*strace(trace=trace, calls="/^(open|creat|unlink|rename|trunc).*"),
            *command)
        lines = [line for line in trace.read_text().splitlines()
                 if str(scene.images) in line]
        assert lines, command
        for line in lines:
            assert "O_RDONLY" in line and "O_CREAT" not in line, line


# What is not applied


def plant_stranger(path):
    os.chown(path, STRANGER, STRANGER)
    path.chmod(0o600)


def plant_link(path):
    os.rename(path, path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def plant_pipe(path):
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize("plant, says", (
    (plant_stranger, f"belongs to user {STRANGER}, .*: remove it"),
    (lambda path: path.chmod(0o620), "by others than its owner.*chmod go-w"),
    (lambda path: path.chmod(0o602), "by others than its owner.*chmod go-w"),
    (plant_link, "cannot be opened"),
    (plant_pipe, "is not a regular file: move it away")),
    ids=("stranger", "group", "others", "link", "pipe"))
def test_an_undo_file_that_others_can_have_made_is_not_applied(plant, says,
                                                               scene):
    plant(undo_file(scene))
    before = state(scene.images)
    for words in ((), NBD):
        assert "jammy.img.undo" in refused(*words, scene.image, says=says)
    assert state(scene.images) == before


def test_an_undo_file_of_the_images_owner_is_applied(scene):
    plant_stranger(undo_file(scene))
    os.chown(scene.image, STRANGER, STRANGER)
    prep(scene.image)
    assert not scene.is_pending()
    os.chown(scene.image, 0, 0)
    assert scene.is_image_before()
    prep("--check", scene.image, status=WARNED)
