# SPDX-License-Identifier: BSD-2-Clause
"""A netboot server's machine: a network of its own, nbd-server, dnsmasq.

`Network` has a loopback and an Ethernet, on which a board in QEMU gets its
address from dnsmasq. `Lab` is what runs there; a test gives it the directory
that TFTP serves, a pibootfs mount or, as a control, a plain directory.
"""

import contextlib
import socket
from pathlib import Path

import harness
import servers

ADDRESS = "10.0.2.2"
SERIAL = "89025d75"     # of the board that most tests have
MAC = "dc-a6-32-01-36-c2"
LEASES = "10.0.2.15,10.0.2.20"
TAP = "board"
IDLE_SECONDS = 60


class Network(servers.Network):
    """A network namespace; `has_ethernet` says whether a board fits in."""

    has_ethernet = False

    def add_ethernet(self):
        """Make the interface that a Board's QEMU is the other end of."""
        self.run("ip", "tuntap", "add", TAP, "mode", "tap")
        switch = f"/proc/sys/net/ipv6/conf/{TAP}/disable_ipv6"
        self.run("sh", "-c", f"[ ! -e {switch} ] || echo 1 >{switch}")
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


class NbdServer(servers.NbdServer):
    """Stock nbd-server with some exports: {name: image}."""

    def __init__(self, network, exports, directory):
        self._start(network, "0.0.0.0", exports, directory)

    @property
    def pid(self):
        return self._group

    def is_waiting(self):
        """Does every child, of one connection each, wait for a request?

        With all its threads: the first one reads, others write.
        """
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        for child in children.read_text().split():
            # What has ended waits for nothing and does nothing.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for status in Path(f"/proc/{child}/task").glob("*/status"):
                    if "\nState:\tS" not in status.read_text():
                        return False
        return True


class Ended(AssertionError):
    """A server that has to run all the time has ended."""


def started_at(name, pid):
    """When this process was started, in ticks since the kernel was: with the
    pid it tells the process from any other. May raise Ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        raise Ended(f"{name}, process {pid}, has ended") from None
    # Behind the name, which may hold anything, come fields 3, the state, and
    # the following; the time is number 22 (proc(5)).
    fields = text.rpartition(")")[2].split()
    if fields[0] in "ZX":
        raise Ended(f"{name}, process {pid}, has ended")
    return int(fields[19])


class Lab:
    """nbd-server and dnsmasq, started once for a whole test.

    `tree` is what TFTP serves: a Mount's path, and then `daemon` is that
    Mount, or a plain directory.
    """

    def __init__(self, network, tree, exports, logs, daemon=None):
        self.network = network
        self.tree = Path(tree)
        self.logs = Path(logs)
        with contextlib.ExitStack() as started:
            self._nbd_server = started.enter_context(
                NbdServer(network, exports, logs))
            self._dnsmasq = started.enter_context(servers.dnsmasq(
                network, tree, *self._ethernet_options(), user="dnsmasq"))
            # It has bound its port before it looks at the tree.
            self._dnsmasq.wait_log("TFTP root is")
            self._started = started.pop_all()
        self.pids = {"nbd-server": self._nbd_server.pid,
                     "dnsmasq": self._dnsmasq.pid}
        if daemon:
            self.pids["pibootfs"] = daemon.pid

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
        try:
            self._started.close()
        finally:
            (self.logs / "dnsmasq.log").write_text(self._dnsmasq.log())

    def wait_idle(self):
        """Wait until nbd-server has done all that has reached it.

        It keeps the connection of a board that is off: nobody tells it.
        """
        harness.eventually(self._is_idle, IDLE_SECONDS,
                           "an idle nbd-server")

    def _is_idle(self):
        return (not self.network.unread_bytes(servers.NBD_PORT)
                and self._nbd_server.is_waiting())

    def identity(self):
        """What must be the same from the first boot to the last: the servers,
        none of them started again, and the mount that they serve."""
        return ({name: (pid, started_at(name, pid))
                 for name, pid in self.pids.items()},
                harness.mount_lines(self.tree))
