# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests from end to end, and where their logs go."""

import itertools
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mount"))

import board                                            # noqa: E402
import debian                                           # noqa: E402
import harness                                          # noqa: E402
import image                                            # noqa: E402
import lab                                              # noqa: E402
from preptool import prep                               # noqa: E402

# Where all logs are kept; without it, those of tests that fail, in /tmp.
LOGS = os.environ.get("PIBOOTFS_E2E_LOGS")
TEST_SECONDS = 900
_numbers = itertools.count(1)
_started = time.monotonic()


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing_behind():
    """No mount, process or file of this run survives it, but logs."""
    yield
    harness.clean_up()


@pytest.fixture(autouse=True)
def _never_hang(request):
    """A hanging test fails in the end."""
    watchdog = harness.Watchdog(request.node.name, TEST_SECONDS)
    yield
    watchdog.cancel()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures see whether their test has failed."""
    report = (yield).get_result()
    item.has_failed = getattr(item, "has_failed", False) or report.failed


@pytest.fixture
def say(capsys):
    """Tells the one who waits what is going on."""
    def tell(text):
        with capsys.disabled():
            print(f"\n{time.monotonic() - _started:5.0f} s  {text}", end="",
                  flush=True)
    return tell


@pytest.fixture
def work():
    """A fresh directory for one test, removed after it."""
    directory = harness.session_directory() / f"e{next(_numbers)}"
    directory.mkdir()
    yield directory
    harness.unmount_all(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def logs(request, say):
    """A directory for logs and consoles."""
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))
    if LOGS:
        directory = Path(LOGS, name).resolve()
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
    else:
        directory = Path(tempfile.mkdtemp(prefix=f"pibootfs-{name}-"))
    directory.chmod(0o755)
    yield directory
    if getattr(request.node, "has_failed", False):
        say(f"logs are in {directory}\n")
    elif not LOGS:
        shutil.rmtree(directory)


@pytest.fixture
def images(work):
    """A fresh, empty IMAGES directory."""
    (work / "images").mkdir()
    return work / "images"


@pytest.fixture
def network():
    with lab.Network() as made:
        yield made


@pytest.fixture
def pibootfs(images, work, logs):
    """The daemon, mounted on `images`."""
    (work / "tftp").mkdir()
    daemon = harness.Mount(images, work / "tftp")
    yield daemon
    try:
        daemon.finish()
    finally:
        (logs / "pibootfs.log").write_text(daemon.log())


@pytest.fixture(scope="session")
def _made():
    """The Pi's image, made once: (path, what is in it)."""
    if shutil.which(board.QEMU) is None:
        pytest.skip(f"there is no {board.QEMU} here")
    path = harness.session_directory() / "pi.img"
    try:
        return path, image.make(path)
    except debian.Unavailable as error:
        pytest.skip(f"no packages for the emulated board: {error}")


@pytest.fixture
def pi_image(_made, images):
    """jammy.img, which pibootfs-prep has made of it, and the board's link."""
    path, made = _made
    prep("-q", "--name", "jammy", "--nbd-host", lab.ADDRESS,
         "--serial", lab.SERIAL, path, images)
    # What it says of the image is what the test is going to see.
    prep("--check", images / "jammy.img")
    return made


@pytest.fixture
def ethernet(network):
    """The network, with an Ethernet for an emulated board."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("there is no /dev/net/tun here")
    network.add_ethernet()
    return network
