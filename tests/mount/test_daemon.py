# SPDX-License-Identifier: BSD-2-Clause
"""The life of the process: start, signals, a crash before, a service
manager, mount(8)."""

import errno
import os
import re
import signal
import time

import pytest

import harness
from harness import (PIBOOTFS, daemon_pid, eventually, is_mounted,
                     mount_lines, run, start_process, wait_end)
from tree import assert_good, expect_error, names, open_error

pytestmark = pytest.mark.usefixtures("good_board")


@pytest.fixture
def detached(images, mountpoint):
    """Starts pibootfs without -f; returns its process id."""
    pids = []

    def start(*words, **more):
        run(PIBOOTFS, *words, images, mountpoint, timeout=30, **more)
        pids.append(daemon_pid(mountpoint))
        return pids[-1]

    yield start
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
            wait_end(pid)
        except ProcessLookupError:
            pass


# In the background

def test_it_returns_only_once_the_mount_answers(detached, mountpoint):
    pid = detached()
    assert names(mountpoint) == ["good"]
    assert (mountpoint / "good/config.txt").read_bytes() == b"good"
    os.kill(pid, signal.SIGTERM)
    wait_end(pid)
    assert not is_mounted(mountpoint)


def test_the_daemon_lets_go_of_terminal_and_directory(detached, work):
    pid = detached(cwd=work)
    assert os.getsid(pid) != os.getsid(0)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    for descriptor in (0, 1, 2):
        assert os.readlink(f"/proc/{pid}/fd/{descriptor}") == "/dev/null"


def test_relative_paths_work_in_the_background(work, detached):
    run(PIBOOTFS, "images", "mnt", cwd=work)
    root = work / "mnt"
    (work / "images/new.img").symlink_to("good.img")
    assert (root / "new/config.txt").read_bytes() == b"good"
    run("umount", root)


def test_umount_ends_the_daemon(detached, mountpoint):
    pid = detached()
    run("umount", mountpoint)
    wait_end(pid)


# Signals

@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_a_signal_ends_it_at_once_even_with_open_files(number, mount,
                                                       mountpoint):
    daemon = mount()
    with (mountpoint / "good/config.txt").open("rb") as file:
        assert file.read() == b"good"
        directory = os.open(mountpoint / "good", os.O_DIRECTORY)
        sleeper = start_process(["sleep", "600"], cwd=mountpoint / "good")
        try:
            daemon.process.send_signal(number)
            assert daemon.process.wait(20) == 0
            assert not is_mounted(mountpoint)
        finally:
            os.close(directory)
            sleeper.kill()
            sleeper.wait()
    daemon.stop()


@pytest.mark.parametrize("number", (signal.SIGPIPE, signal.SIGUSR1,
                                    signal.SIGUSR2))
def test_other_signals_do_not_end_it(number, mount):
    daemon = mount()
    daemon.process.send_signal(number)
    for _ in range(50):
        assert_good(daemon)
    time.sleep(0.2)
    assert_good(daemon)
    assert daemon.is_alive()


def test_umount_of_a_foreground_daemon_ends_it_with_status_0(mount,
                                                             mountpoint):
    daemon = mount()
    run("umount", mountpoint)
    assert daemon.process.wait(20) == 0
    daemon.stop()


# After a crash

def test_a_stale_mount_of_a_killed_daemon_is_cleaned_up(mount, mountpoint):
    daemon = mount()
    assert_good(daemon)
    daemon.kill()
    expect_error(errno.ENOTCONN, os.listdir, mountpoint)
    again = mount()
    assert_good(again)
    again.stop()
    assert not mount_lines(mountpoint)


def test_a_stale_mount_is_cleaned_up_when_it_is_in_use(mount, mountpoint):
    daemon = mount()
    directory = os.open(mountpoint / "good", os.O_DIRECTORY)
    try:
        daemon.kill()
        assert_good(mount())
        expect_error(errno.ENOTCONN, os.listdir, directory)
        assert len(mount_lines(mountpoint)) == 1
    finally:
        os.close(directory)


@pytest.mark.parametrize("name", (
    "with blank", "with\ttab", "with\nnew line", "back\\slash", "com,ma",
    "com\\,ma", "Ümlaut", "#hash", "-dash", "per%cent", "equal=sign"))
def test_directories_may_be_called(name, work, images, mount):
    """Start, crash, start again: the names go through mountinfo, too."""
    images = images.rename(work / f"images {name}")
    mountpoint = work / f"mnt {name}"
    mountpoint.mkdir()
    mount(images=images, mountpoint=mountpoint).kill()
    again = mount(images=images, mountpoint=mountpoint)
    assert_good(again)
    again.stop()
    expect_error(errno.ENOENT, os.stat, mountpoint / "good")


def test_a_stale_mount_of_another_kind_is_left_alone(images, mountpoint, work,
                                                     mount):
    (work / "source").write_bytes(b"x" * 512)
    server = start_process(["nbdfuse", mountpoint, "[", "nbdkit", "file",
                            work / "source", "]"])
    eventually(lambda: is_mounted(mountpoint), what="nbdfuse's mount")
    server.kill()
    server.wait()
    eventually(lambda: _is_stale(mountpoint), what="the stale mount")
    with pytest.raises(harness.MountFailed):
        harness.Mount(images, mountpoint)
    assert "pibootfs" not in run("findmnt", "-n", "-o", "FSTYPE", mountpoint,
                                 check=False).stdout


def _is_stale(path):
    try:
        os.stat(path)
        return False
    except OSError as error:
        return error.errno == errno.ENOTCONN


# A service manager

def test_ready_and_stopping_are_announced(mount):
    daemon = mount()
    assert "READY=1" in daemon.notify.received()
    assert "STOPPING=1" not in daemon.notify.received()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.notify.wait("STOPPING=1", daemon.pid, 20)
    daemon.process.wait(20)
    daemon.stop()


BY_SYSTEMD = ("sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2)'
              '; export JOURNAL_STREAM; exec "$0" "$@"')


@pytest.mark.parametrize("wrapper, prefix", (((), r"[^<]"),
                                             (BY_SYSTEMD, r"<[3-5]>")))
def test_log_lines_have_priorities_for_the_journal_only(wrapper, prefix,
                                                        images, mount):
    (images / "bad.img").write_bytes(b"nothing")
    daemon = mount(wrapper=wrapper)
    open_error((errno.EIO, errno.ENOENT), daemon.path / "bad/config.txt")
    (line,) = daemon.final_log_lines("bad")
    assert re.match(prefix, line), line


# The mount

@pytest.mark.parametrize("options", ("", "rw", "dev,suid", "ro,nodev,nosuid"))
def test_the_mount_is_always_read_only_nodev_and_nosuid(options, images,
                                                        mount, mountpoint):
    mount(options)
    (line,) = mount_lines(mountpoint)
    before, after = line.split(" - ")
    assert {"ro", "nodev", "nosuid"} <= set(before.split()[5].split(","))
    kind, source, super_options = after.split()
    assert kind == "fuse.pibootfs" and source == str(images)
    assert "allow_other" in super_options.split(",")


@pytest.mark.parametrize("options, wanted", (("", False), ("noexec", True)))
def test_a_mount_option_is_passed_on(options, wanted, mount, mountpoint):
    mount(options)
    (line,) = mount_lines(mountpoint)
    assert ("noexec" in line.split()[5].split(",")) == wanted


# mount(8)

@pytest.fixture
def unmounted(mountpoint):
    """Ends what mount(8) has started."""
    yield
    if is_mounted(mountpoint):
        pid = daemon_pid(mountpoint)
        run("umount", mountpoint)
        wait_end(pid)


@pytest.mark.usefixtures("helper", "unmounted")
class TestMountCommand:
    """mount(8) with the helper installed."""

    def test_mount_and_umount(self, images, mountpoint):
        run("mount", "-t", "fuse.pibootfs", images, mountpoint, "-o",
            "allow_other,nosuid,nodev")
        assert (mountpoint / "good/config.txt").read_bytes() == b"good"
        pid = daemon_pid(mountpoint)
        run("umount", mountpoint)
        wait_end(pid)

    @pytest.mark.parametrize("options", (
        "ro,nodev,nosuid,allow_other,nofail", "defaults", "rw",
        "ro,allow_other,noauto,_netdev,x-systemd.requires=x.service,uid=5",
        "ro,nofail,x-systemd.before=dnsmasq.service,"
        "x-systemd.requires-mounts-for=/tmp,umask=022"))
    def test_a_line_of_fstab(self, options, work, images, mountpoint):
        (work / "fstab").write_text(
            f"{images} {mountpoint} fuse.pibootfs {options} 0 0\n")
        run("mount", "-T", work / "fstab", mountpoint)
        assert (mountpoint / "good/config.txt").read_bytes() == b"good"
        if "uid=5" in options:
            assert mountpoint.stat().st_uid == 5

    @pytest.mark.parametrize("through", ("-o", "fstab"))
    def test_an_escaped_comma_comes_through(self, through, work, images,
                                            mountpoint):
        options = r"ro,deny=a\,b:CONFIG.*,uid=5"
        (work / "fstab").write_text(
            f"{images} {mountpoint} fuse.pibootfs {options} 0 0\n")
        if through == "fstab":
            run("mount", "-T", work / "fstab", mountpoint)
        else:
            run("mount", "-t", "fuse.pibootfs", "-o", options, images,
                mountpoint)
        assert os.listdir(mountpoint / "good") == []
        assert not (mountpoint / "good/config.txt").exists()
        assert mountpoint.stat().st_uid == 5

    def test_an_unknown_option_fails_the_mount_and_is_named(self, images,
                                                            mountpoint):
        result = run("mount", "-t", "fuse.pibootfs", images, mountpoint,
                     "-o", "nonsense", check=False)
        assert result.returncode != 0 and "nonsense" in result.stderr
        assert not is_mounted(mountpoint)

    def test_a_missing_image_directory_fails_the_mount(self, work,
                                                       mountpoint):
        result = run("mount", "-t", "fuse.pibootfs", work / "nothing",
                     mountpoint, check=False)
        assert result.returncode != 0 and "nothing" in result.stderr
        assert not is_mounted(mountpoint)

    def test_the_other_options_of_mount_are_understood(self, images,
                                                       mountpoint):
        run("mount", "-f", "-t", "fuse.pibootfs", images, mountpoint)
        assert not is_mounted(mountpoint)
        run("mount", "-v", "-n", "-s", "-t", "fuse.pibootfs", images,
            mountpoint)
        assert is_mounted(mountpoint)

    def test_a_remount_changes_nothing_and_succeeds(self, images,
                                                    mountpoint):
        """What `systemctl reload srv-tftp.mount` does."""
        run("mount", "-t", "fuse.pibootfs", images, mountpoint)
        run("mount", "-o", "remount,ro", mountpoint)
        assert (mountpoint / "good/config.txt").read_bytes() == b"good"
        assert len(mount_lines(mountpoint)) == 1

    def test_mount_returns_inside_a_service_too(self, work, images,
                                                mountpoint):
        """A service's NOTIFY_SOCKET is not meant for the helper."""
        run("mount", "-t", "fuse.pibootfs", images, mountpoint, timeout=20,
            env={**os.environ, "NOTIFY_SOCKET": str(work / "notify")})
        assert (mountpoint / "good/config.txt").read_bytes() == b"good"


def test_an_installation_has_program_helper_and_manual(work):
    build = PIBOOTFS.parents[1]
    if not (build / "cmake_install.cmake").exists():
        pytest.skip(f"{PIBOOTFS} does not lie in a build directory")
    run("cmake", "--install", build, "--prefix", "/usr",
        env={**os.environ, "DESTDIR": str(work / "root")})
    root = work / "root"
    assert run(root / "usr/bin/pibootfs", "-V").stdout
    assert os.readlink(root / "sbin/mount.fuse.pibootfs") \
        == "/usr/bin/pibootfs"
    assert (root / "usr/share/man/man8/pibootfs.8").exists()
