# SPDX-License-Identifier: BSD-2-Clause
"""The real servers around pibootfs: dnsmasq, tftpd-hpa, nbd-server, nbdkit.

Each runs with a configuration of its own in a network namespace of its own,
so the standard ports are always free and nothing leaves the machine. Each is
ready when its socket is bound, which the kernel tells, and is stopped by its
process id.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
from pathlib import Path

import harness

TFTP_PORT = 69
NBD_PORT = 10809
CURL_TFTP_NOT_FOUND = 68
CLONE_NEWNET = 0x40000000
START_SECONDS = 20
STOP_SECONDS = 10

_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """A network namespace with nothing but a loopback interface.

    It lives as long as its holder, a process that ends when this one does.
    """

    def __init__(self):
        self._holder = harness.start_process(
            ["unshare", "--net", "sh", "-c",
             "ip link set lo up && echo up && exec cat >/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._holder.stdout.readline() == b"up\n"
        self._proc = Path(f"/proc/{self._holder.pid}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait(STOP_SECONDS)

    def inside(self, *command):
        """`command`, to be run in this network."""
        return ["nsenter", f"--net={self._proc}/ns/net", *command]

    def run(self, *command, **options):
        """harness.run() in this network."""
        return harness.run(*self.inside(*command), **options)

    def udp_socket(self):
        """A socket of this network for the calling process."""
        with self._entered():
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def tcp_connection(self, port):
        with self._entered():
            return socket.create_connection(("127.0.0.1", port))

    def is_bound(self, protocol, port):
        """Is a "udp" or listening "tcp" socket bound to `port`?"""
        rows = (self._proc / "net" / protocol).read_text().splitlines()[1:]
        wanted = {"udp": "07", "tcp": "0A"}[protocol]
        return any(row.split()[1].endswith(f":{port:04X}")
                   and row.split()[3] == wanted for row in rows)

    @contextlib.contextmanager
    def _entered(self):
        """The calling thread is in this network for the duration."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open(self._proc / "ns/net", "rb") as there:
            _set_namespace(there)
            try:
                yield
            finally:
                _set_namespace(home)


def _set_namespace(opened):
    if _libc.setns(opened.fileno(), CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Server:
    """A server in the foreground, ready when it has bound its port."""

    def __init__(self, network, protocol, port, command):
        self.network = network
        self._process = harness.start_process(
            network.inside(*command), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._log = harness.Log(self._process.stderr)
        try:
            harness.eventually(
                lambda: network.is_bound(protocol, port)
                or self._process.poll() is not None,
                START_SECONDS, f"{command[0]} on port {port}")
            assert self._process.poll() is None, \
                f"{command[0]} ended:\n{self.log()}"
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._process.pid

    @property
    def proc(self):
        return Path(f"/proc/{self.pid}")

    def log(self):
        return self._log.text()

    def wait_log(self, regex, timeout=10):
        return self._log.wait(regex, timeout)

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.wait_end()


def dnsmasq(network, root, *options, user="root", system=None):
    """Stock dnsmasq as a TFTP server for `root`, and for nothing else.

    `system` is the root directory of another Debian whose dnsmasq it is to
    be. That sees `root` as its /srv, in a mount namespace that ends with it.
    """
    prefix = []
    if system:
        prefix = ["unshare", "--mount", "--propagation=slave", "sh", "-c",
                  'mount --bind "$1" "$2/srv" && shift && exec chroot "$@"',
                  "sh", root, system]
        root = "/srv"
    return Server(network, "udp", TFTP_PORT, prefix + [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
        "--no-resolv", "--no-hosts", "--port=0", "--bind-interfaces",
        "--listen-address=127.0.0.1", "--enable-tftp", f"--tftp-root={root}",
        "--log-facility=-", "--pid-file", f"--user={user}", *options])


def tftpd_hpa(network, root, user="tftp"):
    """Stock tftpd-hpa, chrooted to `root`.

    It gets no --address: it resolves one as if loopback did not count.
    """
    return Server(network, "udp", TFTP_PORT, [
        "in.tftpd", "--ipv4", "--foreground", "--user", user, "--secure",
        root])


class NbdServer:
    """Stock nbd-server, exporting `image` under `export`.

    It always runs as a daemon with one child per connection (its -d serves
    one connection and ends), so it is known by its pid file and stopped with
    its process group.
    """

    def __init__(self, network, image, export, directory):
        self.uri = f"nbd://127.0.0.1/{export}"
        self._start(network, "127.0.0.1", {export: image}, directory)

    def _start(self, network, address, exports, directory):
        """Runs, with these {export: image}, or leaves nothing behind."""
        self.network, self._group = network, None
        config = Path(directory) / "nbd-server.conf"
        pid_file = Path(directory) / "nbd-server.pid"
        config.write_text(
            "[generic]\n"
            f"listenaddr = {address}\n"
            f"port = {NBD_PORT}\n" + "".join(
                f"[{name}]\n"
                f"exportname = {image}\n"
                "flush = true\nfua = true\ntrim = true\n"
                for name, image in exports.items()), encoding="utf-8")
        network.run("nbd-server", "-C", config, "-p", pid_file)
        self._group = int(harness.eventually(
            lambda: pid_file.exists() and pid_file.read_text().strip(),
            START_SECONDS, "nbd-server's pid file"))
        harness.watch_group(self._group)
        try:
            harness.eventually(lambda: network.is_bound("tcp", NBD_PORT),
                               START_SECONDS, "nbd-server's port")
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._group, signal.SIGTERM)
        harness.eventually(
            lambda: not self.network.is_bound("tcp", NBD_PORT),
            STOP_SECONDS, "the end of nbd-server")
        harness.forget_group(self._group)


class Nbdkit(Server):
    """nbdkit's file plugin, exporting `image` under any name."""

    def __init__(self, network, image, export):
        super().__init__(network, "tcp", NBD_PORT, [
            "nbdkit", "--foreground", "--ipaddr", "127.0.0.1",
            "--port", str(NBD_PORT), "file", f"file={image}"])
        self.uri = f"nbd://127.0.0.1/{export}"


class NbdFile:
    """An NBD export as a file (nbdfuse): writes to it are NBD writes."""

    def __init__(self, network, uri, directory):
        self._directory = Path(directory) / "nbdfuse"
        self._directory.mkdir()
        self.path = self._directory / "disk"
        self._process = harness.start_process(
            network.inside("nbdfuse", self.path, uri),
            stdin=subprocess.DEVNULL)
        harness.eventually(
            lambda: self.path.exists() or self._process.poll() is not None,
            START_SECONDS, "nbdfuse")
        assert self._process.poll() is None, "nbdfuse ended"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        harness.unmount_all(self._directory)
        self._process.wait(STOP_SECONDS)
        self._directory.rmdir()


def nbd_client(network, export):
    """A libnbd handle on the export; close it with .shutdown()."""
    import nbd  # Debian's python3-libnbd, only here
    handle = nbd.NBD()
    handle.set_export_name(export)
    handle.connect_socket(network.tcp_connection(NBD_PORT).detach())
    return handle


def curl(network, path, target, blksize=512, **options):
    """Download by curl's TFTP client into the file `target`."""
    return network.run("curl", "--silent", "--show-error", "--path-as-is",
                       "--max-time", "60", "--tftp-blksize", str(blksize),
                       "--output", target, f"tftp://127.0.0.1/{path}",
                       **options)
