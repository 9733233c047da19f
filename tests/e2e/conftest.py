# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests from end to end, and where their logs go."""

import itertools
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mount"))

import board                                            # noqa: E402
import harness                                          # noqa: E402
import image                                            # noqa: E402
import lab                                              # noqa: E402
import loader                                           # noqa: E402
import rom_bench                                        # noqa: E402
import servers                                          # noqa: E402
from preptool import prep                               # noqa: E402

# Where all logs are kept; without it, those of tests that fail, in /tmp.
LOGS = os.environ.get("PIBOOTFS_E2E_LOGS")
TEST_SECONDS = 900
MAKE_SECONDS = 450      # with packages to download
ALL_SKIPPED = 77        # exit status, as Automake and Meson take it
_numbers = itertools.count(1)
_started = time.monotonic()


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing_behind():
    """No mount, process or file of this run survives it, but logs."""
    for program in (harness.PIBOOTFS, loader.BOOTROM):
        if not program.exists():
            pytest.exit(f"{program} is missing: build it first", returncode=2)
    yield
    harness.clean_up()


def _end(number, _):
    """As after Ctrl-C, fixtures end what they have begun. Once: they must
    not be kept from it by a second signal."""
    signal.signal(number, lambda *_: None)
    pytest.exit(signal.strsignal(number), returncode=128 + number)


@pytest.fixture(scope="session", autouse=True)
def _end_well(_leave_nothing_behind):
    """A signal that ends this process ends all that it has started."""
    before = {number: signal.signal(number, _end)
              for number in (signal.SIGTERM, signal.SIGHUP)
              if signal.getsignal(number) != signal.SIG_IGN}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _never_hang(request):
    """A hanging test fails in the end."""
    watchdog = harness.Watchdog(request.node.name, TEST_SECONDS)
    yield
    watchdog.cancel()


def pytest_sessionfinish(session, exitstatus):
    """That nothing was tested is not to pass for success."""
    outcomes = session.config.pluginmanager.get_plugin("terminalreporter").stats
    if exitstatus == 0 and not outcomes.get("passed"):
        session.exitstatus = ALL_SKIPPED


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What a test has logged is kept when anything of it has failed, also
    when that was ending a server after the test."""
    report = (yield).get_result()
    item.has_failed = getattr(item, "has_failed", False) or report.failed
    if not hasattr(item, "logs"):
        return
    if report.failed:
        report.sections.append(("logs", f"are in {item.logs}"))
    if call.when == "teardown" and not item.has_failed and not LOGS:
        shutil.rmtree(item.logs)


def _tell(text):
    print(f"\n{time.monotonic() - _started:5.0f} s  {text}", end="",
          flush=True)


@pytest.fixture
def say(capsys, logs):
    """Tells the one who waits what is going on, and the logs."""
    def tell(text):
        with capsys.disabled():
            _tell(text)
        with (logs / "story.log").open("a", encoding="utf-8") as story:
            story.write(f"{text}\n")
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
def logs(request):
    """A directory for logs and consoles."""
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))
    if LOGS:
        directory = Path(LOGS, name).resolve()
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
    else:
        # Not in TMPDIR, which is removed in the end.
        directory = Path(tempfile.mkdtemp(prefix=f"pibootfs-{name}-",
                                          dir="/tmp"))
    directory.chmod(0o755)
    request.node.logs = directory
    return directory


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
def pibootfs(network, images, work, logs):
    """The daemon, mounted on `images`; its network is that of the servers."""
    (work / "tftp").mkdir()
    daemon = harness.Mount(images, work / "tftp", wrapper=network.inside())
    yield daemon
    try:
        daemon.finish()
    finally:
        (logs / "pibootfs.log").write_text(daemon.log())


# The boot ROM's own tests

@pytest.fixture
def tree(work):
    """A plain directory to boot from."""
    (work / "tree").mkdir()
    return rom_bench.Tree(work / "tree")


@pytest.fixture
def dnsmasq(network, tree):
    with servers.dnsmasq(network, tree.root) as server:
        yield server


@pytest.fixture
def boot(network, work):
    """Boots a model against the server that runs."""

    def run(model, *options, **more):
        return rom_bench.Boot(network, model, work / "out", *options, **more)

    return run


# The emulated board

@pytest.fixture(scope="session")
def _made(request):
    """The Pi's image, made once: (path, what is in it)."""
    if shutil.which(board.QEMU) is None:
        pytest.skip(f"there is no {board.QEMU} here")
    path = harness.session_directory() / "pi.img"
    result = harness.run(HERE / "make-image", path, check=False,
                         timeout=MAKE_SECONDS)
    if result.returncode == image.UNAVAILABLE:
        pytest.skip(f"no packages for the emulated board: {result.stderr}")
    assert result.returncode == 0, result.stderr
    made = image.Made.parse(result.stdout)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        _tell(f"the image {made}")
    return path, made


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
