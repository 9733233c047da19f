# SPDX-License-Identifier: BSD-2-Clause
"""A server and a board on a network of their own, and the server's programs
started on the configurations that pibootfs-prep has written.

The server is 192.168.1.10 on its interface eth0. The board has an address as
from the DHCP server that a network has already, which is none of ours.
"""

import socket
import struct

import harness
import servers
from preptool import HOST, prep

BOARD = "192.168.1.77"
BOARD_MAC = bytes.fromhex("dca6320136c2")
DISCOVER, OFFER = 1, 2
DHCP_SERVER_PORT, DHCP_CLIENT_PORT = 67, 68
MAGIC = b"\x63\x82\x53\x63"
MESSAGE_TYPE, VENDOR_OPTIONS, VENDOR_CLASS = 53, 43, 60


class _Network(servers.Network):
    """One whose process can be named to ip(8)."""

    @property
    def pid(self):
        return self._holder.pid


class Lan:
    """Two network namespaces with a cable between them."""

    def __init__(self):
        self.server, self.board = _Network(), _Network()
        self.server.run("ip", "link", "add", "eth0", "type", "veth", "peer",
                        "name", "eth0", "netns", str(self.board.pid))
        for network, address in ((self.server, HOST), (self.board, BOARD)):
            network.run("ip", "address", "add", f"{address}/24", "broadcast",
                        "+", "dev", "eth0")
            network.run("ip", "link", "set", "eth0", "up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()
        self.board.close()

    def prep(self, *words, **options):
        """pibootfs-prep, run on the server."""
        return prep(*words, wrapper=self.server.inside(), **options)


def dnsmasq(network, config):
    """Stock dnsmasq on that configuration and nothing else; the options only
    keep it in the foreground and apart from the machine's own."""
    return servers.Server(network, "udp", servers.TFTP_PORT, [
        "dnsmasq", "--keep-in-foreground", f"--conf-file={config}",
        "--log-facility=-", "--pid-file", "--log-dhcp", "--user=nobody"])


class NbdServer(servers.NbdServer):
    """Stock nbd-server as Debian sets it up: as the user nbd, with the
    exports that are in a directory."""

    def __init__(self, network, conf_d, directory):
        self.network, self._group = network, None
        config = directory / "nbd-server.conf"
        pid_file = directory / "nbd-server.pid"
        config.write_text("[generic]\nuser = nbd\ngroup = nbd\n"
                          "listenaddr = 0.0.0.0\n"
                          f"port = {servers.NBD_PORT}\n"
                          f"includedir = {conf_d}\nallowlist = true\n")
        network.run("nbd-server", "-C", config, "-p", pid_file)
        self._group = int(harness.eventually(
            lambda: pid_file.exists() and pid_file.read_text().strip(),
            servers.START_SECONDS, "nbd-server's pid file"))
        harness.eventually(
            lambda: network.is_bound("tcp", servers.NBD_PORT),
            servers.START_SECONDS, "nbd-server's port")


def option(number, value):
    return bytes([number, len(value)]) + value


def discover():
    """What the mask ROM of a Pi 3 and the boot loader of a Pi 4 send."""
    head = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", 1, 1, 6, 0, 0x26f30339,
                       0, 0x8000, b"", b"", b"", b"",
                       BOARD_MAC.ljust(16, b"\0"), b"", b"")
    return (head + MAGIC + option(MESSAGE_TYPE, bytes([DISCOVER]))
            + option(55, bytes([1, 3, 43, 60, 66, 67, 128, 129, 130, 131,
                                132, 133, 134, 135]))
            + option(93, b"\0\0") + option(94, b"\1\2\1")
            + option(97, b"\0" + b"RPi4" + bytes(12))
            + option(VENDOR_CLASS, b"PXEClient:Arch:00000:UNDI:002001")
            + b"\xff").ljust(320, b"\0")


def options_of(packet):
    """{number: value} of a DHCP packet."""
    at, found = packet.index(MAGIC) + 4, {}
    while packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        found[packet[at]] = packet[at + 2:at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    return found


def offer(lan):
    """The options of the answer that a board gets, a DHCP offer."""
    board = lan.board.udp_socket()
    with board:
        board.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        board.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        board.bind(("", DHCP_CLIENT_PORT))
        board.settimeout(20)
        board.sendto(discover(), ("255.255.255.255", DHCP_SERVER_PORT))
        packet, (address, _) = board.recvfrom(2048)
    assert address == HOST
    return options_of(packet)
