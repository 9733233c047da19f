# SPDX-License-Identifier: BSD-2-Clause
"""A Raspberry Pi boots, upgrades its kernel and boots again, in QEMU.

The kernels, nbd-server and dnsmasq are Debian's own. The board gets what its
boot ROM loads over TFTP, its root disk over NBD, and nothing else.
"""

import re
import time

import pytest

import freshness
import harness
import image
import loader
from board import Board
from freshness import Stale
from lab import SERIAL, Lab

UPGRADE_SECONDS = 300

# As a package manager does it: the same names, each file new. The last line
# says what this board has written.
UPGRADE = """
set -e
cd /boot/firmware
for file in /upgrade/{version}/*; do
	cp "$file" unfinished
	mv unfinished "${{file##*/}}"
done
echo "{version} is installed" >upgraded.txt
touch empty.txt
rm overlays/README
mv issue.txt "Issue of the day.txt"
sync
"""
REMOVED = ["overlays/README", "issue.txt", "unfinished"]

# As Ubuntu's piboot-try: what runs is in current/, what is to run is in new/,
# and config.txt says which; its last word counts.
CURRENT = """
set -e
cd /boot/firmware
mkdir current
mv kernel8.img initramfs8 *.dtb cmdline.txt current/
echo "os_prefix=current/" >>config.txt
sync
"""
SWITCH = """
set -e
cd /boot/firmware
mkdir new
cp /upgrade/{version}/* current/cmdline.txt new/
echo "os_prefix=new/" >>config.txt
sync
"""

SUMS = "cd /boot/firmware && find . -type f -print0 | xargs -0 sha256sum"

# Returns as soon as the job has written 8 MiB and is not done yet.
HALFWAY = """
written() {{ awk '{{ print $7 }}' /sys/block/nbd0/stat; }}
before=$(written)
({job}; sync) &
while [ $(($(written) - before)) -lt 16384 ]; do
	kill -0 $! || exit 1
	sleep 0.1
done
"""


class Pi:
    """A Raspberry Pi 3 in a lab, switched on and off by a test."""

    def __init__(self, lab, say):
        self._lab = lab
        self._say = say
        self._cycle = 0

    def load(self):
        """Power on: the boot ROM loads. The test starts what it has."""
        self._cycle += 1
        started = time.monotonic()
        loaded = loader.load(self._lab.network, SERIAL,
                             self._lab.logs / f"rom-{self._cycle}")
        self._say(f"boot {self._cycle}: loaded over TFTP in "
                  f"{time.monotonic() - started:.1f} s")
        return loaded

    def boot(self, loaded, version):
        """Start what was loaded; the Board, with its system up, which has to
        run the kernel `version`.
        """
        board = Board(self._lab.network, loaded,
                      self._lab.logs / f"console-{self._cycle}.log")
        try:
            board.wait_up()
            expect_system(board, version)
        except BaseException:
            board.pull_the_plug()
            raise
        self._say(f"boot {self._cycle}: {board.run('uname -srv').strip()}")
        return board

    def boot_written(self, written, kernel, version):
        """Boot with what the board has written: TFTP has to give just that,
        to the boot ROM and to all. It runs `kernel`, a file, of `version`.
        """
        loaded = self.load()
        files = loaded.files(SERIAL)
        freshness.compare(written, files)
        expect_served(self._lab, written)
        assert kernel in files
        self._say(f"all {len(written)} files come as written, {kernel} "
                  "among them")
        return self.boot(loaded, version)


def expect_system(board, kernel):
    """It runs this kernel, and its root is the disk in the network."""
    assert board.run("cat /proc/version").startswith(
        f"Linux version {kernel} ")
    mounts = board.run("cat /proc/mounts")
    assert re.search(r"^/dev/nbd0p2 / ext4 rw", mounts, re.MULTILINE)
    assert re.search(r"^/dev/nbd0p1 /boot/firmware vfat rw", mounts,
                     re.MULTILINE)


def change_and_restart(board, script, say, check=None):
    """Change the boot partition and reboot; {path: digest} of all of it.

    `check` is called with that before the reboot, when the board has written
    out what it has and still has the partition mounted.
    """
    board.run(script, UPGRADE_SECONDS)
    sums = board.run(SUMS, UPGRADE_SECONDS)
    written = {path.removeprefix("./"): digest for digest, path in
               (line.split("  ", 1) for line in sums.splitlines())}
    say(f"the board has written {len(written)} files")
    if check:
        check(written)
        say("all of them come over TFTP while it runs")
    board.restart()
    return written


def boot_and_upgrade(pi, made, say, check=None):
    """The first half of the story; what the board has written."""
    with pi.boot(pi.load(), made.old) as board:
        return change_and_restart(
            board, UPGRADE.format(version=made.new), say, check)


def expect_served(lab, written):
    """TFTP gives what the board has written to all who ask."""
    freshness.check_fresh(written, lab.network, lab.tree, SERIAL)
    freshness.check_gone(lab.network, SERIAL, *REMOVED)


@pytest.fixture
def lab(pi_image, images, ethernet, pibootfs, logs):
    """The servers, with the live boot partition of one board's image."""
    # By which bootcode.bin is found.
    (images / "default").symlink_to("jammy.img")
    with Lab(ethernet, pibootfs.path, {"jammy": images / "jammy.img"},
             logs, pibootfs) as made:
        yield made


@pytest.fixture
def stale_lab(pi_image, images, ethernet, work, logs):
    """The same with a plain directory, copied from the image."""
    tree = work / "plain"
    (tree / SERIAL).mkdir(parents=True)
    harness.run("mcopy", "-s", "-i", image.boot_volume(images / "jammy.img"),
                "::*", tree / SERIAL)
    (tree / "bootcode.bin").symlink_to(f"{SERIAL}/bootcode.bin")
    with Lab(ethernet, tree, {"jammy": images / "jammy.img"}, logs) as made:
        yield made


def test_board_boots_upgrades_its_kernel_and_boots_it(pi_image, lab, say):
    servers = lab.identity()
    pi = Pi(lab, say)
    written = boot_and_upgrade(pi, pi_image, say,
                               lambda files: expect_served(lab, files))
    with pi.boot_written(written, "kernel8.img", pi_image.new) as board:
        written = change_and_restart(board, CURRENT, say)
    with pi.boot_written(written, "current/kernel8.img",
                         pi_image.new) as board:
        written = change_and_restart(
            board, SWITCH.format(version=pi_image.old), say)
    with pi.boot_written(written, "new/kernel8.img", pi_image.old) as board:
        board.restart()
    assert lab.identity() == servers


def test_control_plain_directory_is_found_stale(pi_image, stale_lab, say):
    pi = Pi(stale_lab, say)
    written = boot_and_upgrade(pi, pi_image, say)
    with pytest.raises(Stale):
        pi.boot_written(written, "kernel8.img", pi_image.new)
    with pytest.raises(Stale):
        expect_served(stale_lab, written)
    with pytest.raises(Stale):
        freshness.check_gone(stale_lab.network, SERIAL, *REMOVED)


def test_board_whose_plug_is_pulled_boots_what_is_on_its_disk(
        pi_image, lab, images, say):
    """First while a file is written beside the old one, then in place."""
    servers = lab.identity()
    pi = Pi(lab, say)
    new = f"/upgrade/{pi_image.new}/*"
    loaded = pi.load()
    for job, boots in ((f"cat {new} >/boot/firmware/unfinished", True),
                       (f"cp {new} /boot/firmware/", False)):
        with pi.boot(loaded, pi_image.old) as board:
            board.run(HALFWAY.format(job=job), UPGRADE_SECONDS)
            board.pull_the_plug()
        lab.wait_idle()
        say("the plug was pulled halfway through an upgrade")
        served = freshness.check_whatever_is_there(
            lab.network, SERIAL, images / "jammy.img", image.BOOT_START)
        assert served["config.txt"] and served["cmdline.txt"]
        say(f"{sum(served.values())} of {len(served)} files are served, "
            "each as it is on the disk")
        try:
            loaded = pi.load()
        except loader.NotLoaded:
            assert not boots
        assert lab.identity() == servers
