# SPDX-License-Identifier: BSD-2-Clause
"""The boot ROM that stands for the hardware: it asks as the boards do."""

import collections
import gzip
import os
import re
from pathlib import Path

import pytest

import harness
import servers
import tftpclient
from lab import MAC, SERIAL
from loader import BOOTROM
from rom_bench import (BLOCKS_MAX, DEVICE_TREE, FIRST, KERNEL, MODELS,
                       Recorder, boot_files, noise, sequence)


# In which order

@pytest.mark.parametrize("model", MODELS)
def test_asks_for_what_the_model_asks_for_in_order(model, boot, dnsmasq):
    booted = boot(model)
    assert booted.status == 0, booted.reason
    assert booted.asked == sequence(model)


@pytest.mark.parametrize("model", MODELS)
def test_log_is_what_arrives_at_the_server(model, boot, network, tree):
    with Recorder(network, tree.files()) as recorder:
        booted = boot(model)
    assert recorder.asked == [word.rstrip("-") for word in sequence(model)]
    assert [path for path, _, _ in booted.lines] == \
        [path for path, _ in recorder.requests]


def logged_paths(dnsmasq, tree):
    """{path: how often dnsmasq has told how its transfer ended}.  One that is
    ended early, too, may be called "sent"."""
    return collections.Counter(
        os.path.relpath(path, tree.root) for path in re.findall(
            r"(?:sent|failed sending|file) (\S+) (?:to|not found)",
            dnsmasq.log()))


@pytest.mark.parametrize("model", MODELS)
def test_dnsmasq_logs_what_a_board_makes_it_log(model, boot, tree, dnsmasq):
    wanted = collections.Counter(
        os.path.normpath(word.rstrip("?-")) for word in sequence(model))
    boot(model)
    # The board is done before dnsmasq has logged it.
    harness.eventually(
        lambda: logged_paths(dnsmasq, tree).total() >= wanted.total(),
        what="the last line of dnsmasq's log")
    assert logged_paths(dnsmasq, tree) == wanted
    assert dnsmasq.log().count("Early terminate") == \
        sum(word.endswith("?") for word in sequence(model))


def test_control_recorder_tells_what_went_wrong_in_it(network):
    with pytest.raises(AssertionError, match="netascii"), \
            Recorder(network, {}) as recorder, \
            network.udp_socket() as client:
        client.sendto(b"\0\1file\0netascii\0",
                      ("127.0.0.1", servers.TFTP_PORT))
        harness.eventually(recorder.has_ended)


# With which options and packets

def test_pi3_rom_sends_no_options_and_later_stages_tsize_only(
        boot, network, tree):
    with Recorder(network, tree.files()) as recorder:
        boot("pi3")
    options = dict(recorder.requests)
    assert options.pop("bootcode.bin") == {}
    assert options.pop("bootsig.bin") == {}
    assert all(asked == {"tsize": "0"} for asked in options.values())


@pytest.mark.parametrize("model, options, blksize", [
    ("pi4", (), "1468"), ("pi4", ("--blksize", "1024"), "1024"),
    ("pi5", (), "1468")])
def test_eeprom_boards_ask_for_tsize_and_blksize(model, options, blksize,
                                                 boot, network, tree):
    with Recorder(network, tree.files()) as recorder:
        assert boot(model, *options).status == 0
    assert all(list(asked.items()) == [("tsize", "0"), ("blksize", blksize)]
               for _, asked in recorder.requests)


@pytest.mark.parametrize("model, packets", [
    ("pi3", [tftpclient.ACK, tftpclient.ERROR]),
    ("pi4", [tftpclient.ACK, tftpclient.ERROR]),
    ("pi5", [tftpclient.ERROR])])
def test_probe_terminates_early(model, packets, boot, network, tree):
    with Recorder(network, tree.files()) as recorder:
        boot(model)
    assert [seen for seen in recorder.packets
            if tftpclient.ERROR in seen] == [packets] * sum(
                word.endswith("?") for word in sequence(model))


def test_lost_request_is_repeated(boot, network, tree):
    with Recorder(network, tree.files(), lose=1) as recorder:
        assert boot("pi5").status == 0
    assert recorder.requests[0] == recorder.requests[1]
    assert recorder.asked[1:] == [w.rstrip("-") for w in sequence("pi5")]


def test_repeated_blocks_count_once(boot, network, tree):
    with Recorder(network, tree.files(), repeat=3):
        booted = boot("pi4")
    assert booted.file("kernel") == boot_files()["kernel8.img"]


# What arrives

@pytest.mark.parametrize("model", MODELS)
def test_files_arrive_byte_for_byte(model, boot, tree, dnsmasq):
    booted = boot(model)
    files = boot_files()
    assert booted.file("kernel") == files[KERNEL[model]]
    assert booted.file("initramfs") == files["initrd"]
    assert booted.file("dtb") == files[DEVICE_TREE[model]]
    assert booted.file("cmdline.txt") == files["cmdline.txt"]
    kept = {str(path.relative_to(booted.out / "files")): path.read_bytes()
            for path in (booted.out / "files").rglob("*") if path.is_file()}
    served = tree.files()
    assert kept == {os.path.normpath(word): served[os.path.normpath(word)]
                    for word in sequence(model) if word[-1] not in "?-"}


def test_output_directory_is_optional(network, dnsmasq):
    network.run(BOOTROM, "-m", "pi5", "-s", SERIAL, "127.0.0.1:69")


def test_gzip_kernel_is_handed_over_as_it_is(boot, tree, dnsmasq):
    data = gzip.compress(noise("Image", 9000))
    tree.put({"kernel8.img": data})
    booted = boot("pi4")
    assert booted.file("kernel") == data
    assert any("gzip" in remark for remark in booted.remarks)
    assert not any("gzip" in remark for remark in boot("pi5").remarks)


def test_path_that_leads_out_is_not_written(boot, tree, network):
    """The names are from an image, which may be anybody's."""
    tree.put({"config.txt": b"kernel=../../../escaped\n"})
    files = tree.files()
    files[f"{SERIAL}/../../../escaped"] = b"kernel"
    with Recorder(network, files):
        booted = boot("pi5")
    assert booted.file("kernel") == b"kernel"
    names = [path.name for path in booted.out.parent.rglob("*")]
    assert names.count("escaped") == 0


# What servers do

@pytest.mark.parametrize("model, name", [("pi4", "cmdline.txt"),
                                         ("pi5", "other"), ("pi3", "other")])
def test_pi4_ignores_config_txt_without_blksize(model, name, boot, network,
                                                tree):
    tree.put({"config.txt": b"cmdline=other\n", "other": b"other"})
    with Recorder(network, tree.files(), grants=["tsize"]):
        booted = boot(model)
    assert booted.file("cmdline.txt") == tree.path(name).read_bytes()
    assert booted.file("kernel") == boot_files()[KERNEL[model]]


def test_pi3_firmware_misses_files_without_tsize(boot, network, tree):
    with Recorder(network, tree.files(), grants=[]) as recorder:
        booted = boot("pi3")
    assert booted.status == 1 and "no kernel" in booted.reason
    assert f"{SERIAL}/fixup.dat" in recorder.asked
    assert f"{SERIAL}/kernel7.img?" in recorder.asked


def test_error_is_logged_and_the_file_is_missing(boot, network, tree):
    path = f"{SERIAL}/kernel8.img"
    with Recorder(network, tree.files(), errors={path: 0}):
        booted = boot("pi4")
    assert booted.result(path) == "error 0, no"
    assert booted.file("kernel") == boot_files()["kernel7l.img"]


def test_start4_elf_takes_another_kernel_after_a_timeout(boot, network, tree):
    path = f"{SERIAL}/kernel8.img"
    with Recorder(network, tree.files(), silent=[path]):
        booted = boot("pi4", "--file-timeout", "3")
    assert booted.result(path) == "timeout"
    assert booted.file("kernel") == boot_files()["kernel7l.img"]


@pytest.mark.parametrize("model", ["pi4", "pi5"])
def test_eeprom_gives_up_after_a_timeout(model, boot, network, tree):
    path = f"{SERIAL}/{FIRST[model]}"
    with Recorder(network, tree.files(), silent=[path]) as recorder:
        booted = boot(model, "--file-timeout", "1")
    assert booted.status == 1 and "within 1000 ms" in booted.reason
    assert {asked for asked, _ in recorder.requests} == {path}


def test_whole_boot_has_a_deadline(boot, network):
    booted = boot("pi3", "--timeout", "1")
    assert booted.status == 1 and "time is over" in booted.reason


# The block limit

@pytest.mark.parametrize("model, options, is_cut", [
    ("pi4", ("--old-block-limit",), True), ("pi4", (), False),
    ("pi3", (), True)])
def test_file_beyond_65535_blocks(model, options, is_cut, boot, tree,
                                  dnsmasq):
    """Cut where block numbers do not roll over, which on a Pi 3 they never
    do, else whole."""
    limit = BLOCKS_MAX * 512
    kernel = noise("large", limit + 777)
    tree.put({KERNEL[model]: kernel})
    if model == "pi4":
        options += ("--blksize", "512")
    booted = boot(model, *options)
    result = booted.result(f"{SERIAL}/{KERNEL[model]}")
    if is_cut:
        assert result == f"{limit} bytes, cut at the block limit"
        assert booted.file("kernel") == kernel[:limit]
    else:
        assert result == f"{len(kernel)} bytes"
        assert booted.file("kernel") == kernel


def test_file_up_to_the_block_limit_is_whole(boot, tree, dnsmasq):
    kernel = noise("just", BLOCKS_MAX * 512 - 1)
    tree.put({"kernel7.img": kernel})
    booted = boot("pi3")
    assert "cut" not in booted.result(f"{SERIAL}/kernel7.img")
    assert booted.file("kernel") == kernel


# Other prefixes, and the command line

@pytest.mark.parametrize("model", ["pi4", "pi5"])
@pytest.mark.parametrize("mac", [MAC, "DC:A6:32:01:36:C2"])
def test_mac_prefix(mac, model, boot, tree, dnsmasq):
    tree.path("").rename(tree.root / MAC)
    booted = boot(model, "--mac", mac)
    assert booted.status == 0, booted.reason
    assert booted.asked == sequence(model, MAC)


def test_prefix_of_ones_own_has_no_slash_added(boot, tree, dnsmasq):
    tree.path("").rename(tree.root / "lab")
    (tree.root / "labstart4.elf").write_bytes(b"elf")
    assert boot("pi4", "--prefix", "lab/").status == 0
    assert boot("pi4", "--prefix", "lab").asked[0] == "labstart4.elf?"


@pytest.mark.parametrize("arguments", [
    "--serial 89025d75 127.0.0.1", "--model pi4 127.0.0.1",
    "--model pi1 --serial 89025d75 127.0.0.1",
    "--model pi4 --serial 89025d7 127.0.0.1",
    "--model pi4 --serial dc-a6-32-01-36-c2 127.0.0.1",
    "--model pi4 --serial 89025d75", "--model pi4 --serial 89025d75 host",
    "--model pi4 --serial 89025d75 127.0.0.1:0",
    "--model pi4 --serial 89025d75 --blksize 7 127.0.0.1",
    "--model pi4 --serial 89025d75 --timeout soon 127.0.0.1",
    "--model pi4 --serial 89025d75 --mac 89025d75 127.0.0.1",
    "--model pi4 --serial 89025d75 --no-such 127.0.0.1",
    "--model pi3 --serial 89025d75 --prefix lab/ 127.0.0.1",
    "--model pi4 --serial 89025d75 --out /dev/null/x 127.0.0.1",
    f"--model pi4 --serial 89025d75 --prefix {'x' * 33} 127.0.0.1"])
def test_wrong_command_line_is_refused(arguments):
    result = harness.run(BOOTROM, *arguments.split(), check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(("bootrom: ", f"{BOOTROM}: "))


def test_help_names_every_option():
    text = harness.run(BOOTROM, "--help").stdout
    source = Path(__file__).with_name("bootrom.c").read_text()
    names = re.findall(r'\{ "([a-z-]+)", \w+_argument', source)
    assert len(names) > 8
    assert [name for name in names if f"--{name}" not in text] == []
