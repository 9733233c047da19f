# SPDX-License-Identifier: BSD-2-Clause
"""The command line of pibootfs-prep, and what is refused before anything is
touched."""

import os

import pytest

from prep_fixture import image, work  # noqa: F401
from prep_samples import place, small
from preptool import FAILED, NBD, USAGE, names, prep, refused, state

OPTIONS = ("--name", "--size", "--sha256", "-p", "--partition", "--copy",
           "--remove", "--nbd-host", "--nbd-name", "--ip", "--initramfs",
           "--root-partition", "--packages", "--serial", "--mac",
           "--nbd-conf", "--dnsmasq-conf", "--tftp-root", "--interface",
           "--subnet", "--nbd-user")
FLAGS = ("--dns", "--check", "-f", "--force", "-n", "--dry-run", "-q",
         "--quiet", "-v", "--verbose", "-h", "--help", "-V", "--version")


@pytest.mark.parametrize("option", ("-h", "--help"))
def test_help_names_every_option(option):
    result = prep(option)
    for word in OPTIONS + FLAGS:
        assert word in result.stdout, word
    assert result.stderr == ""


@pytest.mark.parametrize("option", ("-V", "--version"))
def test_the_version_is_told(option):
    assert prep(option).stdout.startswith("pibootfs-prep 0.")


@pytest.mark.parametrize("words, says", (
    ((), "missing|usage"), (("a", "b", "c"), "too many|operand|argument"),
    (("--nonsense", "x.img"), "--nonsense"), (("-Z", "x.img"), "-Z"),
    (("--check",), "missing|image|usage"),
    (("--check", "a", "b"), "one IMAGE|too many|argument"),
    (("--dns=yes", "x.img"), "--dns")))
def test_a_wrong_command_line_is_status_1(words, says):
    refused(*words, says=says, status=USAGE)


@pytest.mark.parametrize("words, says", (
    (("--dry-run", "-xq", "x.img"), "option -x is unknown"),
    (("--nbd-host=h", "-zq", "x.img"), "option -z is unknown"),
    (("-qx", "x.img"), "option -x is unknown"),
    (("x.img", "-qp"), "option -p needs a value"),
    (("x.img", "--partition"), "option --partition needs a value"),
    (("--nonsense=secret", "x.img"), "option --nonsense is unknown"),
    (("--dns=yes", "x.img"), "option --dns takes no value"),
    (("--dr=yes", "x.img"), "option --dr takes no value"),
    (("--s", "x.img"), "option --s can be any of --serial, --sha256, "
                       "--size, --subnet;"),
    (("--dn=1", "x.img"), "option --dn can be any of --dns, "
                          "--dnsmasq-conf;")))
def test_the_option_that_is_wrong_is_blamed_for_what_it_is(words, says):
    error = refused(*words, says=says, status=USAGE)
    assert error.endswith('; see "pibootfs-prep --help"\n')
    assert error.count("\n") == 1


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_without_its_value_is_status_1(option):
    refused("x.img", option, says={"--partition": "-p"}.get(option, option),
            status=USAGE)


@pytest.mark.parametrize("host", ("", "a host", "192.168.1", "192.168.1.300",
                                  "fd00::zz", "-x", "host/name", "a:b:c"))
def test_a_host_that_is_none_is_status_1(host, image, images):
    before = state(images)
    refused(f"--nbd-host={host}", image, says="(?i)host|address",
            status=USAGE)
    assert state(images) == before


@pytest.mark.parametrize("words, says", (
    (("--initramfs", "systemd"), "initramfs"),
    (("--root-partition", "0"), "partition"),
    (("--root-partition", "x"), "partition"),
    (("--root-partition", "256"), "partition"),
    (("-p", "0"), "partition"), (("-p", "x"), "partition"),
    (("--ip", ""), "ip"), (("--ip", "a b"), "ip"),
    (("--name", "a/b"), "name"), (("--name", ""), "name"),
    (("--copy", ""), "copy"), (("--remove", ""), "remove")))
def test_a_value_that_is_none_is_status_1(words, says, image, images):
    before = state(images)
    refused(*NBD, *words, image, says=says, status=USAGE)
    assert state(images) == before


@pytest.mark.parametrize("words, says", (
    (("--ip", "static"), "--ip .*--nbd-host"),
    (("--nbd-name", "lab"), "--nbd-name .*--nbd-host"),
    (("--nbd-name", "lab", "--nbd-conf", "-"), "--nbd-name .*--nbd-host"),
    (("--initramfs", "dracut"), "--initramfs .*--nbd-host"),
    (("--root-partition", "2"), "--root-partition .*--nbd-host"),
    (("--subnet", "10.0.0.0"), "--subnet .*--dnsmasq-conf or --nbd-host"),
    (("--interface", "lo"), "--interface .*--dnsmasq-conf or --nbd-host"),
    (("--tftp-root", "/srv/tftp"), "--tftp-root .*--dnsmasq-conf or"),
    (("--dns", "--nbd-conf", "-"), "--dns .*--dnsmasq-conf or --nbd-host"),
    (("--nbd-user", "root", "--serial", "89025d75"), "--nbd-user .*SOURCE"),
    (("--name", "lab"), "--name .*SOURCE"),
    (("--sha256", "0" * 64), "--sha256 .*SOURCE")))
def test_an_option_without_effect_is_a_mistake(words, says, image, images):
    before = state(images)
    refused(*words, image, says=says, status=USAGE)
    assert state(images) == before


@pytest.mark.parametrize("words", (
    ("--dnsmasq-conf", "-", "--subnet", "10.0.0.0", "--interface", "eth0",
     "--tftp-root", "/srv/boot", "--dns"),
    ("--nbd-conf", "-", "--nbd-user", "root"),
    ("-q", *NBD, "--nbd-user", "root", "--tftp-root", "/srv/boot", "--dns",
     "--ip", "dhcp", "--root-partition", "2", "--nbd-name", "lab")))
def test_an_option_with_what_it_needs_is_taken(words, image):
    prep(*words, image)


@pytest.mark.parametrize("words", (
    ("--force",), ("--dry-run",), ("--ip", "dhcp"), ("--nbd-name", "q"),
    ("--interface", "lo"), ("--initramfs", "dracut"), ("--dns",),
    ("--root-partition", "2"), ("--nbd-user", "nbd"), ("--size", "8G"),
    ("--tftp-root", "/srv/tftp"), ("--serial", "89025d75"), ("--packages",
                                                             "")))
def test_a_check_takes_only_what_it_can_use(words, image, images):
    before = state(images)
    refused("--check", *words, image, status=USAGE,
            says=f"--check changes nothing, so that {words[0]} ")
    assert state(images) == before


@pytest.mark.parametrize("words", ((), ("-q",), ("--dry-run",)))
def test_a_subnet_that_is_none_is_refused_in_any_case(words, image):
    for network in ("zzz", "10.0.0.0/0", "10.0.0.0/31", "10.0.0"):
        refused(*words, "--nbd-host", "10.0.0.1", "--subnet", network, image,
                says=f'--subnet "{network}" is not of the form',
                status=USAGE)


def test_a_root_partition_that_is_not_there_is_refused(image, images):
    before = state(images)
    refused(*NBD, "--root-partition", "7", image, says="partition 7")
    assert state(images) == before


def test_a_boot_partition_that_is_not_there_is_refused(image, images):
    before = state(images)
    refused(*NBD, "-p", "7", image, says="partition 7")
    assert state(images) == before


def test_a_name_that_dracut_would_take_for_a_port_is_refused(images):
    place("questing", images / "2504.img")
    before = state(images)
    refused(*NBD, images / "2504.img", says='"2504" for a port.*--nbd-name')
    assert state(images) == before


def test_an_image_whose_name_no_export_can_have_needs_another(images):
    small(images / "my pi.img")
    refused(*NBD, images / "my pi.img", status=USAGE,
            says='export cannot be named "my pi" .*: give another name by '
                 '--nbd-name')
    prep(*NBD, "--nbd-name", "my-pi", images / "my pi.img")


@pytest.mark.parametrize("words, says", (
    (("--size", "8Q"), '--size "8Q" is no size, such as 8G'),
    (("--size", "9999999T"), '--size "9999999T" is more than any file'),
    (("--sha256", "abc"), '--sha256 "abc" is no SHA-256 sum')))
def test_a_value_that_is_none_is_quoted(words, says, image):
    refused(*words, image, says=says, status=USAGE)


def test_an_image_that_is_not_there_is_named(images):
    refused(*NBD, images / "gone.img", says=r"gone\.img.*No such file",
            status=(USAGE, FAILED))
    assert not names(images)


@pytest.mark.parametrize("words", (NBD, (), ("--serial", "89025d75")))
@pytest.mark.parametrize("make", (os.mkdir, os.mkfifo))
def test_what_is_no_file_is_refused(make, words, images):
    make(images / "x.img")
    refused(*words, images / "x.img", says=r"x\.img", timeout=5,
            status=(USAGE, FAILED))
    assert names(images) == ["x.img"]


def test_options_may_stand_behind_the_operands(image, images):
    prep(image, "--serial", "89025d75")
    assert names(images) == ["89025d75", "jammy.img"]


def test_a_double_dash_ends_the_options(images, monkeypatch):
    small(images / "-q.img")
    monkeypatch.chdir(images)
    prep("--serial", "89025d75", "--", "-q.img")
    assert names(images) == ["-q.img", "89025d75"]


@pytest.mark.parametrize("program", ("mcopy", "fsck.fat"))
def test_a_program_that_is_not_installed_is_named(program, image, images,
                                                  work):
    (work / "bin").mkdir()
    for directory in ("/usr/bin", "/usr/sbin"):
        for name in os.listdir(directory):
            if name != program and not (work / "bin" / name).exists():
                (work / "bin" / name).symlink_to(f"{directory}/{name}")
    # A user's PATH may lack /usr/sbin, so fsck.fat is looked for there too.
    hide = ("unshare", "-m", "sh", "-c",
            'mount --bind /dev/null "$(readlink -f /usr/sbin/fsck.fat)" && '
            'PATH=$0 exec "$@"', work / "bin") if program == "fsck.fat" else ()
    before = state(images)
    says = "fsck.fat cannot be run" if hide else \
        "needs the program mcopy, which is not installed: install the " \
        "package mtools"
    errors = refused(*NBD, image, wrapper=hide, says=says,
                     env={**os.environ, "PATH": str(work / "bin")})
    assert errors.count("\n") <= 3
    assert state(images) == before


def test_standard_output_that_is_full_is_an_error(image):
    """The configurations were asked for."""
    with open("/dev/full", "wb") as full:
        refused(*NBD, image, says="(?i)output|space", stdout=full)
