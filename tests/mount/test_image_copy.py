# SPDX-License-Identifier: BSD-2-Clause
"""pibootfs-image cat and cp: bytes as mtools reads them, files outside that are
whole or not there, and nothing but errors from what is broken or hostile."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import disk
import fatwrite
import harness
from disk import MIB
from fatread import DIRECTORY, LAST
from fatwrite import short_entry
from harness import eventually, run, start_process
from imagetool import (FILES, PIBOOTFS_IMAGE, UNREADABLE, content, error_line,
                       faults, filled, listing, mtools_image, tool)
from tree import read_all


@pytest.fixture(params=(12, 16, 32))
def fat(request, work):
    return mtools_image(work / "v.img", request.param)


# Content


def test_files_are_printed_as_mtools_reads_them(fat):
    for name in FILES:
        assert content(fat.path, name) == fat.read(name) == FILES[name]
    assert content(fat.path, "//OVERLAYS/readme") == b"overlays\n"


def test_a_fragmented_file_is_whole(work):
    volume = fatwrite.small_volume(work / "v.img", 16, 5000)
    rng = random.Random(5)
    data = rng.randbytes(300 * 512 - 7)
    clusters = volume.free_clusters(1000)
    rng.shuffle(clusters)
    clusters = clusters[:300]
    volume.link(clusters)
    for index, cluster in enumerate(clusters):
        volume.put(volume.cluster_offset(cluster),
                   data[index * 512:(index + 1) * 512])
    volume.add("", b"SCATTER BIN", cluster=clusters[0], size=len(data))
    assert content(volume.path, "scatter.bin") == data


def reserved_file(work, size):
    """A FAT32 image with HUGE.BIN of so many bytes, which are a hole."""
    volume = disk.fat_volume(work / "v.img", 5000 * MIB, 32, 65536)
    volume = fatwrite.Writer(volume.path)
    start = volume.reserve(-(-size // 65536))
    volume.add("", b"HUGE    BIN", cluster=start, size=size)
    return volume


def test_the_largest_file_there_can_be_is_read(work):
    volume = reserved_file(work, (1 << 32) - 1)
    assert tool("ls", "-l", volume.path).stdout.startswith("4294967295 ")
    process = start_process([PIBOOTFS_IMAGE, "cat", volume.path, "huge.bin"],
                            stdout=subprocess.PIPE)
    assert process.stdout.read(1 << 20) == bytes(1 << 20)
    process.stdout.close()
    assert process.wait(60) == -signal.SIGPIPE


def test_a_large_file_is_streamed(work):
    volume = reserved_file(work, 600 * MIB)
    process = start_process(
        [PIBOOTFS_IMAGE, "cat", volume.path, "huge.bin"],
        stdout=subprocess.PIPE)
    for _ in range(599):
        assert len(process.stdout.read(MIB)) == MIB
    # While it waits for the last to be read; what wait4() would tell of its
    # memory includes this process's, as it was when it forked.
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert len(process.stdout.read()) == MIB
    assert process.wait(60) == 0
    peak_kib = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1])
    assert peak_kib < 200_000


# Copies


def mtools_copy(volume, target):
    target.mkdir()
    run("mcopy", "-s", "-m", "-n", "-i", f"{volume.path}@@{volume.offset}",
        "::/", target, env=disk.ENVIRONMENT)


def times(directory):
    return {str(path.relative_to(directory)): int(path.stat().st_mtime)
            for path in directory.rglob("*")}


def test_a_tree_is_copied_with_its_times_as_by_mtools(fat, work):
    tool("cp", fat.path, "/", work / "ours")
    assert read_all(work / "ours") == FILES
    mtools_copy(fat, work / "theirs")
    assert times(work / "ours").keys() == times(work / "theirs").keys()
    for name, when in times(work / "theirs").items():
        if name in FILES:       # mtools gives directories no time
            assert times(work / "ours")[name] == when
    root = (work / "ours").stat().st_mtime
    assert abs(root - time.time()) < 600     # a root directory has no time


def test_a_directory_gets_its_time(work):
    volume = filled(work / "v.img")
    tool("cp", volume.path, "sub", work / "out")
    assert (work / "out").stat().st_mtime == 1735732800     # 2025-01-01 12:00
    assert (work / "out/FILE.BIN").stat().st_mtime == 1735732800


def test_a_copy_goes_into_a_directory_under_its_own_name(fat, work):
    (work / "out").mkdir()
    tool("cp", fat.path, "/overlays/deep", work / "out")
    tool("cp", fat.path, "CONFIG.TXT", work / "out")
    assert read_all(work / "out") == {
        "config.txt": FILES["config.txt"],
        "deep/er/vc4-kms-v3d.dtbo":
            FILES["overlays/deep/er/vc4-kms-v3d.dtbo"]}


def test_a_copy_has_the_usual_permissions(fat, work):
    tool("cp", fat.path, "overlays", work / "out", umask=0o027)
    assert (work / "out").stat().st_mode & 0o777 == 0o750
    assert (work / "out/README").stat().st_mode & 0o777 == 0o640


def test_a_file_is_copied_to_standard_output(fat):
    result = tool("cp", fat.path, "kernel8.img", "-", encoding=None,
                  errors=None)
    assert result.stdout == FILES["kernel8.img"]
    error_line("cp", fat.path, "overlays", "-", says="is a directory")


def test_nothing_is_overwritten_without_force(work):
    volume = filled(work / "v.img")
    out = work / "out"
    tool("cp", volume.path, "/", out)
    (out / "CONFIG.TXT").write_bytes(b"mine")
    (out / "SUB/FILE.BIN").unlink()
    error_line("cp", volume.path, "/", out,
               says=r"out/CONFIG\.TXT: exists; --force")
    assert (out / "CONFIG.TXT").read_bytes() == b"mine"
    assert (out / "SUB/FILE.BIN").stat().st_size == 3000
    tool("cp", "--force", volume.path, "/", out)
    assert (out / "CONFIG.TXT").read_bytes() == b"config"


def test_force_replaces_regular_files_only(work):
    volume = filled(work / "v.img")
    (work / "target").write_bytes(b"kept")
    (work / "link").symlink_to("target")
    os.mkfifo(work / "fifo")
    for name in ("link", "fifo"):
        error_line("cp", "-f", volume.path, "config.txt", work / name,
                   says="exists")
    assert (work / "target").read_bytes() == b"kept"
    error_line("cp", "-f", volume.path, "config.txt", volume.path,
               says="is the image itself")


def test_no_link_leads_a_tree_elsewhere(work):
    volume = filled(work / "v.img")
    (work / "out").mkdir()
    (work / "elsewhere").mkdir()
    (work / "out/SUB").symlink_to(work / "elsewhere")
    error_line("cp", volume.path, "/", work / "out", says="out/SUB: ")
    assert not os.listdir(work / "elsewhere")


def test_a_full_disk_leaves_no_part_of_a_file(work):
    volume = disk.boot_image(work / "v.img", {"a.bin": bytes(MIB),
                                              "b.txt": b"small"})
    (work / "out").mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=512k", "none", work / "out")
    error_line("cp", volume.path, "a.bin", work / "out",
               says=r"out/a\.bin: No space left")
    assert not os.listdir(work / "out")
    tool("cp", volume.path, "b.txt", work / "out")


def interfere(work, action, *wrapper):
    """While a.bin is being copied to `out`, do something: (status, left)."""
    volume = work / "v.img"
    if not volume.exists():
        disk.boot_image(volume, {"a.bin": bytes(60 * MIB)}, size=64 * MIB)
    shutil.rmtree(work / "out", ignore_errors=True)
    (work / "out").mkdir()
    process = start_process([*wrapper, PIBOOTFS_IMAGE, "cp", volume, "a.bin",
                             work / "out"], stderr=subprocess.DEVNULL)
    eventually(lambda: os.listdir(work / "out"), what="the temporary file")
    action(process)
    return process.wait(60), os.listdir(work / "out")


def test_a_signal_that_is_ignored_changes_nothing(work):
    status, left = interfere(
        work, lambda process: process.send_signal(signal.SIGHUP), "nohup")
    assert (status, left) == (0, ["a.bin"])


def test_a_signal_leaves_no_part_of_a_file(work):
    for _ in range(20):
        status, left = interfere(
            work, lambda process: process.send_signal(signal.SIGINT))
        assert left in ([], ["a.bin"])
        if left == []:
            assert status == -signal.SIGINT
            return
    pytest.fail("it always came too late")


def test_a_file_system_that_cannot_rename_so_will_do(work):
    volume = filled(work / "v.img")
    cannot = ("strace", "-o", work / "trace", "-e",
              "inject=renameat2:error=EINVAL", PIBOOTFS_IMAGE, "cp",
              volume.path, "config.txt", work / "out")
    leaks = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # not if traced
    run(*cannot, env=leaks)
    assert "INJECTED" in (work / "trace").read_text()
    assert (work / "out").read_bytes() == b"config"
    assert sorted(os.listdir(work)) == ["out", "trace", "v.img"]
    assert run(*cannot, env=leaks, check=False).returncode == UNREADABLE


def create(path):
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        pass


def test_a_file_that_appears_meanwhile_is_not_overwritten(work):
    for _ in range(20):
        status, left = interfere(
            work, lambda process: create(work / "out/a.bin"))
        assert left == ["a.bin"]
        if status == UNREADABLE:
            assert (work / "out/a.bin").stat().st_size == 0
            return
    pytest.fail("it always came too late")


def test_what_ends_a_copy_ends_it_whatever_was_left_out_before(work):
    """A file that is there is left out; a disk without room is the end."""
    volume = filled(work / "v.img")
    for number in range(20):
        volume.add("SUB", b"F%02d     BIN" % number, b"x")
    room = work / "room"
    room.mkdir()
    run("mount", "-t", "tmpfs", "-o", "nr_inodes=5", "tmpfs", room)
    (room / "SUB").mkdir()
    (room / "SUB/FILE.BIN").touch()
    (room / "SUB/F00.BIN").touch()
    errors = tool("cp", volume.path, "sub", room,
                  status=UNREADABLE).stderr.splitlines()
    assert len(errors) == 2, errors
    assert "F00.BIN: exists" in errors[0]
    assert "No space left on device" in errors[1]


@pytest.mark.parametrize("words", (("ls", "-R", "v.img"),
                                   ("cp", "v.img", "/", "out")))
def test_without_memory_that_is_said_once(words, work, monkeypatch):
    """Here, for the map of the volume's clusters, which is that large."""
    if b"__asan_init" in PIBOOTFS_IMAGE.read_bytes():
        pytest.skip("this allocator takes its memory in another way")
    monkeypatch.chdir(work)
    disk.fat_volume(work / "v.img", 640 * MIB, 32, 512)
    traced = ("strace", "-o", "trace", "-e", "trace=mmap,brk")
    run(*traced, PIBOOTFS_IMAGE, *words)
    calls = (work / "trace").read_text().splitlines()
    first = next(number for number, call in enumerate(calls)
                 if re.match(r"mmap\(NULL, 1[56]\d{4}, ", call))
    before = [call.partition("(")[0] for call in calls[:first]]
    shutil.rmtree(work / "out", ignore_errors=True)
    result = run(*traced, "-e", "inject=mmap:error=ENOMEM:"
                 f"when={before.count('mmap') + 1}+", "-e",
                 f"inject=brk:retval=0:when={before.count('brk') + 1}+",
                 PIBOOTFS_IMAGE, *words, check=False)
    assert result.returncode == UNREADABLE
    assert result.stderr == "pibootfs-image: v.img: out of memory\n"


# Broken and hostile images


BROKEN = {"free": lambda last: 0, "out of the volume": lambda last: last - 99,
          "reserved": lambda last: 1, "short": lambda last: last}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("fat_type", (12, 16, 32))
def test_of_a_broken_file_no_byte_is_given(kind, fat_type, work):
    volume = filled(work / "v.img", fat_type)
    link = volume.find("SUB/FILE.BIN").first_cluster + 1
    volume.fat_put(link, BROKEN[kind](LAST[fat_type]))
    place = volume.fat_offset(link)
    result = tool("cat", volume.path, "SUB/FILE.BIN", status=UNREADABLE)
    assert result.stdout == ""
    assert re.fullmatch(
        rf"pibootfs-image: .*/v\.img: SUB/FILE\.BIN: byte {place:#x}: chain "
        r".*; nothing of it is shown\.  If a board.*\n", result.stderr)
    error_line("cp", volume.path, "/", work / "out", says="chain")
    assert read_all(work / "out") == {"CONFIG.TXT": b"config"}


def test_what_is_not_there_is_named(work):
    volume = filled(work / "v.img")
    error_line("cat", volume.path, "nothing.txt",
               says=r"v\.img: nothing\.txt: No such file.*; ")
    error_line("cat", volume.path, "config.txt/x", says="Not a directory")
    error_line("cat", volume.path, "sub", says="SUB: is a directory")
    error_line("cat", volume.path, "/", says="/: is a directory")
    error_line("cp", volume.path, "config.txt", work / "no/where",
               says="no: No such file")


def test_a_broken_directory_shows_what_comes_before(work):
    volume = filled(work / "v.img", 32)
    for number in range(40):
        volume.add("SUB", f"F{number:07d}BIN".encode())
    second = volume.chain(volume.find("SUB").first_cluster)[1]
    volume.fat_put(second, 0)
    result = tool("ls", volume.path, "sub", status=UNREADABLE)
    assert len(result.stdout.splitlines()) == 14
    assert "directory's chain breaks" in result.stderr


def loop_to_itself(volume):
    volume.add_slots("SUB", short_entry(
        b"LOOP       ", DIRECTORY, volume.find("SUB").first_cluster))


def loop_to_root(volume):
    volume.add_slots("SUB", short_entry(b"LOOP       ", DIRECTORY,
                                        volume.root_cluster))


def loop_of_a_chain(volume):
    first = volume.find("SUB").first_cluster
    for number in range(13):
        volume.add("SUB", f"F{number:07d}BIN".encode())
    volume.fat_put(first, first)


def bushy(volume):
    """Forty levels with two names for each directory: 2^40 paths."""
    for level in range(40):
        parent = "/".join(["X"] * level)
        volume.add_directory(parent, b"X          ")
        cluster = volume.find(f"{parent}/X").first_cluster
        volume.add_slots(parent, short_entry(b"Y          ", DIRECTORY,
                                             cluster))


@pytest.mark.parametrize("harm", (loop_to_itself, loop_to_root,
                                  loop_of_a_chain, bushy))
def test_directories_that_would_never_end_do(harm, work):
    volume = filled(work / "v.img", 32)
    harm(volume)
    assert {kind for kind, _ in faults(volume.path)} <= {
        "loop", "cross-link", "directory"}
    found = listing(volume.path, status=UNREADABLE, timeout=20)
    assert len(found) < 50
    tool("cp", volume.path, "/", work / "out", status=UNREADABLE, timeout=20)
    copied = read_all(work / "out")
    assert copied["CONFIG.TXT"] == b"config"
    assert len(copied["SUB/FILE.BIN"]) == 3000


def test_files_that_share_clusters_cannot_fill_the_disk(work):
    volume = filled(work / "v.img", 32)
    shared = volume.find("SUB/FILE.BIN").first_cluster
    for number in range(200):
        volume.add("", f"F{number:07d}BIN".encode(), cluster=shared,
                   size=3000)
    error_line("cp", volume.path, "/", work / "out", says="more bytes than")
    total = sum(len(data) for data in read_all(work / "out").values())
    assert total <= volume.clusters * volume.cluster_bytes


@pytest.mark.parametrize("fat_type", (12, 16, 32))
def test_mutated_volumes_give_errors_at_most(fat_type, work):
    volume = filled(work / "v.img", fat_type)
    sound = volume.path.read_bytes()
    places = [(0, 90), (volume.fat_start, 60), (volume.directory_slots()[0],
                                                96),
              (volume.directory_slots("SUB")[0], 128)]
    rng = random.Random(fat_type)
    for _ in range(40):
        mutated = bytearray(sound)
        for _ in range(rng.randrange(1, 6)):
            start, length = rng.choice(places)
            mutated[start + rng.randrange(length)] = rng.randrange(256)
        volume.path.write_bytes(mutated)
        for words in (("info", "-J"), ("ls", "-lR"), ("cp", "-f")):
            more = ("/", work / "out") if words[0] == "cp" else ()
            result = run(PIBOOTFS_IMAGE, *words, volume.path, *more,
                         check=False, timeout=20)
            assert result.returncode in (0, 2, 3), result.stderr
            assert not harness.SANITIZER_REPORT.search(result.stderr)
