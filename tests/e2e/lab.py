# SPDX-License-Identifier: BSD-2-Clause
"""A netboot server's machine: a network of its own, nbd-server, dnsmasq.

`Network` has a loopback and an Ethernet, on which a board in QEMU gets its
address from dnsmasq. `Lab` is what runs there; a test gives it the directory
that TFTP serves, a pibootfs mount or, as a control, a plain directory.
"""

import contextlib
import os
import signal
import socket
from pathlib import Path

import harness
import servers

ADDRESS = "10.0.2.2"
SERIAL = "89025d75"     # of the board that most tests have
LEASES = "10.0.2.15,10.0.2.20"
TAP = "board"


class Network(servers.Network):
    """A network namespace; `has_ethernet` says whether a board fits in."""

    has_ethernet = False

    def add_ethernet(self):
        """Make the interface that a Board's QEMU is the other end of."""
        self.run("ip", "tuntap", "add", TAP, "mode", "tap")
        self.run("sh", "-c",
                 f"echo 1 >/proc/sys/net/ipv6/conf/{TAP}/disable_ipv6")
        self.run("ip", "address", "add", f"{ADDRESS}/24", "dev", TAP)
        self.run("ip", "link", "set", TAP, "up")
        self.has_ethernet = True

    def listener(self, port):
        """A listening TCP socket of this network."""
        with self._entered():
            return socket.create_server(("", port))

    def unread_bytes(self, port):
        """How much has come for a TCP port that nobody has read yet."""
        rows = (self._proc / "net/tcp").read_text().splitlines()[1:]
        return sum(int(row.split()[4].partition(":")[2], 16) for row in rows
                   if row.split()[1].endswith(f":{port:04X}"))


class NbdServer:
    """Stock nbd-server with some exports: {name: image}."""

    def __init__(self, network, exports, directory):
        config, pid_file = (Path(directory, f"nbd-server.{suffix}")
                            for suffix in ("conf", "pid"))
        config.write_text("[generic]\nlistenaddr = 0.0.0.0\n" + "".join(
            f"[{name}]\nexportname = {image}\n"
            "flush = true\nfua = true\ntrim = true\n"
            for name, image in exports.items()), encoding="utf-8")
        self._network = network
        network.run("nbd-server", "-C", config, "-p", pid_file)
        self.pid = int(harness.eventually(
            lambda: pid_file.exists() and pid_file.read_text().strip(),
            servers.START_SECONDS, "nbd-server's pid file"))
        harness.eventually(self._is_listening,
                           servers.START_SECONDS, "nbd-server's port")

    def _is_listening(self):
        return self._network.is_bound("tcp", servers.NBD_PORT)

    def is_waiting(self):
        """Does every child, of one connection each, wait for a request?"""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        for child in children.read_text().split():
            with contextlib.suppress(FileNotFoundError):
                status = Path(f"/proc/{child}/status").read_text()
                if "\nState:\tS" not in status:
                    return False
        return True

    def stop(self):
        """End it, with its children of one connection each."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        harness.eventually(lambda: not self._is_listening(),
                           servers.STOP_SECONDS, "the end of nbd-server")


class Lab:
    """nbd-server and dnsmasq, started once for a whole test."""

    def __init__(self, network, tree, exports, logs):
        self.network = network
        self.tree = Path(tree)
        self.logs = Path(logs)
        self._nbd_server = NbdServer(network, exports, logs)
        try:
            self._dnsmasq = servers.dnsmasq(
                network, tree, *self._ethernet_options(), user="dnsmasq")
        except BaseException:
            self._nbd_server.stop()
            raise

    def _ethernet_options(self):
        if not self.network.has_ethernet:
            return []
        return [f"--listen-address={ADDRESS}", f"--dhcp-range={LEASES}",
                "--dhcp-authoritative", "--leasefile-ro",
                "--pxe-service=0,Raspberry Pi Boot"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._dnsmasq.stop()
        (self.logs / "dnsmasq.log").write_text(self._dnsmasq.log())
        self._nbd_server.stop()

    def wait_idle(self):
        """Wait until nbd-server has done all that has reached it.

        It keeps the connection of a board that is off: nobody tells it.
        """
        harness.eventually(self._is_idle, servers.STOP_SECONDS,
                           "an idle nbd-server")

    def _is_idle(self):
        return (not self.network.unread_bytes(servers.NBD_PORT)
                and self._nbd_server.is_waiting())

    def identity(self):
        """What must be the same from the first boot to the last: the servers
        and the mount that they serve."""
        return (self._dnsmasq.pid, self._nbd_server.pid,
                harness.mount_lines(self.tree))
