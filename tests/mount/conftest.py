# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the mount tests; see harness.py and disk.py."""

import itertools
import shutil
import signal
from pathlib import Path

import pytest

import fatwrite
import harness

_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_the_foreground():
    """A shell's background job ignores SIGINT, what nohup(1) starts ignores
    SIGHUP, and so would all that is started here."""
    defaults = {signal.SIGINT: signal.default_int_handler,
                signal.SIGHUP: signal.SIG_DFL,
                signal.SIGQUIT: signal.SIG_DFL,
                signal.SIGTERM: signal.SIG_DFL}
    for number, handler in defaults.items():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing_behind():
    """No mount, loop device, process or file of this run survives it."""
    if not harness.PIBOOTFS.exists():
        pytest.exit(f"{harness.PIBOOTFS} is missing: build it first or set "
                    "PIBOOTFS", returncode=2)
    yield
    harness.clean_up()


@pytest.fixture(autouse=True)
def _never_hang(request):
    """A hanging test fails in the end."""
    watchdog = harness.Watchdog(request.node.name)
    yield
    watchdog.cancel()


@pytest.fixture
def work():
    """A fresh directory for one test, removed after it."""
    directory = harness.session_directory() / f"t{next(_numbers)}"
    directory.mkdir()
    yield directory
    harness.unmount_all(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def images(work):
    """A fresh, empty IMAGES directory."""
    directory = work / "images"
    directory.mkdir()
    return directory


@pytest.fixture
def mountpoint(work):
    """A fresh, empty mountpoint."""
    directory = work / "mnt"
    directory.mkdir()
    return directory


@pytest.fixture
def good_board(images):
    """good.img, a board that has to live through everything."""
    fatwrite.small_volume(images / "good.img", 12).add(
        "", b"CONFIG  TXT", b"good")


@pytest.fixture
def mount(images, mountpoint):
    """Starts pibootfs on `images` and `mountpoint`, stops it at the end."""
    started = []

    def start(options="", args=(), **more):
        more = {"images": images, "mountpoint": mountpoint, **more}
        daemon = harness.Mount(options=options, args=args, **more)
        started.append(daemon)
        return daemon

    yield start
    errors = []
    for daemon in reversed(started):
        try:
            daemon.finish()
        except harness.MountFailed as error:
            errors.append(str(error))
    assert not errors, "\n".join(errors)


@pytest.fixture
def helper():
    """The mount helper, in place while a test runs."""
    path = Path("/sbin/mount.fuse.pibootfs")
    if path.exists() or path.is_symlink():
        pytest.skip(f"{path} is there already: not ours to replace")
    path.symlink_to(harness.PIBOOTFS)
    yield path
    path.unlink()
