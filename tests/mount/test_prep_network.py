# SPDX-License-Identifier: BSD-2-Clause
"""Which interface and which network boards are said to be at."""

import pytest

import harness
from prep_fixture import image, work  # noqa: F401
from prep_lan import Lan
from preptool import HOST, refused

LABELLED = "192.168.5.10"


@pytest.fixture
def lan():
    with Lan() as lan:
        yield lan


def lines(lan, image, work, *words):
    conf = work / "dnsmasq.conf"
    lan.prep("-q", *words, "--dnsmasq-conf", conf, image)
    harness.run("dnsmasq", "--test", f"--conf-file={conf}")
    return conf.read_text().splitlines()


@pytest.fixture
def label(lan):
    """An address with a label, as ifupdown gives it to eth0:1."""
    lan.server.run("ip", "address", "add", f"{LABELLED}/24", "dev", "eth0",
                   "label", "eth0:1")


def test_an_address_with_a_label_is_the_interfaces(label, lan, image, work):
    found = lines(lan, image, work, "--nbd-host", LABELLED)
    assert "interface=eth0" in found
    assert "dhcp-range=192.168.5.0,proxy" in found


def test_an_interface_may_have_only_such_an_address(label, lan, image, work):
    lan.server.run("ip", "address", "del", f"{HOST}/24", "dev", "eth0")
    found = lines(lan, image, work, "--interface", "eth0")
    assert "dhcp-range=192.168.5.0,proxy" in found


def test_a_label_does_not_stop_what_is_only_offered(label, lan, image):
    assert "interface=eth0\n" in lan.prep("--nbd-host", LABELLED, image).stdout


def test_a_subnet_is_at_the_interface_of_the_host(lan, image, work):
    found = lines(lan, image, work, "--nbd-host", HOST, "--subnet",
                  "10.3.0.0/16")
    assert "interface=eth0" in found and "bind-dynamic" in found
    assert "dhcp-range=10.3.0.0,proxy,255.255.0.0" in found


def test_or_at_any_if_the_host_is_elsewhere(lan, image, work):
    found = lines(lan, image, work, "--nbd-host", "10.9.9.9", "--subnet",
                  "10.3.0.0/16")
    assert not any(line.startswith("interface=") for line in found)


@pytest.mark.parametrize("words, says", (
    (("--nbd-host", "nbd.example.org"),
     "nbd.example.org is not .* names are not looked up; say --subnet or"),
    (("--nbd-host", "10.9.9.9"), "no interface .* 10.9.9.9; say --subnet or"),
    ((), "without --nbd-host; say --subnet or --interface"),
    (("--interface", "nosuch0"), "nosuch0 is not here .*; say --subnet$")))
def test_a_network_that_is_not_found_is_said(words, says, lan, image, work):
    refused(*words, "--dnsmasq-conf", work / "dnsmasq.conf", image,
            says=says, wrapper=lan.server.inside())


def test_so_is_that_a_name_is_not_looked_up_for_an_offer(lan, image):
    errors = lan.prep("--nbd-host", "nbd.example.org", image).stderr
    assert "warning: the NBD server nbd.example.org is not" in errors
