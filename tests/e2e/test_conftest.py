# SPDX-License-Identifier: BSD-2-Clause
"""Tests that fail or are ended keep their logs and leave nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import harness

HERE = Path(__file__).resolve().parent

# A test as test_short.py has it, with a Lab on a plain directory.
TEST = """
import os, pathlib, signal, subprocess
import pytest
import harness
from lab import Lab

@pytest.fixture
def lab(network, pibootfs, images, logs):
    (images / "x.img").write_bytes(bytes(4096))
    with Lab(network, pibootfs.path, {{"x": images / "x.img"}}, logs,
             pibootfs) as made:
        yield made

def test_it(lab, pibootfs, work):
    pathlib.Path("{out}").write_text("\\n".join(
        [str(work), str(lab.logs), *map(str, lab.pids.values())]))
    {body}
"""
BODIES = {
    "passes": ("pass", 0),
    "is skipped": ("pytest.skip('what it needs is missing')", 77),
    "fails": ("assert False", 1),
    "fails when its daemon is stopped": ("pibootfs.process.kill()", 1),
    "fails when its servers are stopped": (
        "lab._started.push(lambda *_: 1 / 0)", 1),
    "is ended": ("signal.pause()", 128 + signal.SIGTERM),
    "loses its terminal": ("signal.pause()", 128 + signal.SIGHUP),
}
SIGNALS = {"is ended": signal.SIGTERM, "loses its terminal": signal.SIGHUP}


class Run:
    """pytest on a file of its own with that body; a context manager."""

    def __init__(self, work, body):
        self._out = work / "out"
        test = work / "test_it.py"
        test.write_text(TEST.format(out=self._out, body=body))
        (work / "conftest.py").symlink_to(HERE / "conftest.py")
        path = os.pathsep.join([str(HERE), str(HERE.parent / "mount")])
        environment = {**os.environ, "PYTHONPATH": path}
        environment.pop("PIBOOTFS_E2E_LOGS", None)
        self.process = harness.start_process(
            # nohup would have it ignored.
            ["env", "--default-signal=HUP", sys.executable, "-m", "pytest",
             "-q", "-p", "no:cacheprovider", test], env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait_begun(self):
        harness.eventually(
            lambda: self._out.exists() or self.process.poll() is not None,
            60, "the test's begin")

    def wait_end(self):
        """The exit status and the output."""
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output.decode()

    def begun(self):
        """Its directory, that of its logs, and what it has started."""
        work, logs, *pids = self._out.read_text().splitlines()
        return Path(work), Path(logs), [int(pid) for pid in pids]


@pytest.mark.parametrize("what", BODIES)
def test_test_keeps_its_logs_and_nothing_else_unless_it_passes(what, work):
    body, wanted = BODIES[what]
    run = Run(work, body)
    run.wait_begun()
    if what in SIGNALS:
        run.process.send_signal(SIGNALS[what])
    status, output = run.wait_end()
    assert status == wanted, output
    failed = what not in ("passes", "is skipped")
    directory, logs, pids = run.begun()
    try:
        assert logs.exists() == failed, output
        if logs.exists():
            assert "TFTP root" in (logs / "dnsmasq.log").read_text()
            assert (logs / "pibootfs.log").exists()
        assert str(logs) in output or not failed or what in SIGNALS, output
        harness.eventually(lambda: not any(map(harness.is_running, pids)),
                           what="the end of all servers")
        assert not directory.exists()
        assert not harness.mount_lines(directory)
    finally:
        harness.run("rm", "-rf", logs)
