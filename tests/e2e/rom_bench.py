# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of bootrom share: files to boot from, the run, a recorder.

The server is a stock dnsmasq on a plain directory. What dnsmasq does not log,
the options and the packets, a server of our own writes down.
"""

import contextlib
import random
import re
import shutil
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import harness
import servers
import tftpclient
from lab import SERIAL
from loader import BOOTROM

BLOCKS_MAX = 65535
MODELS = ("pi3", "pi4", "pi5")
DEVICE_TREE = {"pi3": "bcm2710-rpi-3-b.dtb", "pi4": "bcm2711-rpi-4-b.dtb",
               "pi5": "bcm2712-rpi-5-b.dtb"}
KERNEL = {"pi3": "kernel7.img", "pi4": "kernel8.img",
          "pi5": "kernel_2712.img"}
# The file that says where the others are.
FIRST = {"pi3": "start.elf", "pi4": "start4.elf", "pi5": "config.txt"}

# What each asks for, in order: a "?" is a probe, a "-" is missing.
SEQUENCES = {
    "pi3": """
        bootcode.bin  bootsig.bin-
        @/start.elf?  @/start.elf?  @/autoboot.txt-  @/config.txt
        @/recovery.elf-  @/start.elf  @/fixup.dat
        @/recovery.elf-  @/config.txt?  @/config.txt  @/dt-blob.bin-
        @/recovery.elf-  @/config.txt?  @/config.txt  @/bootcfg.txt-
        @/initrd?  @/initrd
        @/bcm2710-rpi-3-b.dtb?  @/bcm2710-rpi-3-b.dtb
        @/overlays/overlay_map.dtb?  @/overlays/overlay_map.dtb
        @/config.txt?  @/config.txt
        @/overlays/hat.dtbo?  @/overlays/hat.dtbo
        @/overlays/lost.dtbo-  @/overlays/lost.dtbo-
        @/cmdline.txt?  @/cmdline.txt
        @/recovery8.img-  @/recovery8-32.img-  @/recovery7.img-
        @/recovery.img-
        @/kernel8.img?  @/kernel8-32.img-  @/kernel8.img?  @/kernel7.img?
        @/armstub8-32.bin-  @/kernel7.img?  @/kernel7.img?  @/kernel7.img
        """,
    "pi4": """
        @/start4.elf?  @/config.txt  @/pieeprom.sig-  @/recover4.elf-
        @/recovery.elf-  @/start4.elf  @/fixup4.dat
        @/recovery.elf-  @/config.txt?  @/config.txt  @/dt-blob.bin-
        @/recovery.elf-  @/config.txt?  @/config.txt  @/bootcfg.txt-
        @/initrd?  @/initrd
        @/bcm2711-rpi-4-b.dtb?  @/bcm2711-rpi-4-b.dtb
        @/overlays/overlay_map.dtb?  @/overlays/overlay_map.dtb
        @/config.txt?  @/config.txt
        @/overlays/hat.dtbo?  @/overlays/hat.dtbo  @/overlays/lost.dtbo-
        @/cmdline.txt?  @/cmdline.txt
        @/recovery8.img-  @/recovery8-32.img-  @/recovery7l.img-
        @/recovery7.img-  @/recovery.img-
        @/kernel8.img?  @/armstub8-gic.bin-  @/kernel8.img
        """,
    "pi5": """
        @/config.txt?  @/config.txt  @/pieeprom.sig-
        @/bcm2712-rpi-5-b.dtb
        @//config.txt  @//config.txt  @/kernel_2712.img?  @/kernel_2712.img?
        @/initrd  @/bcm2712-rpi-5-b.dtb  @//overlays/overlay_map.dtb
        @//overlays/bcm2712d0.dtbo  @//overlays/hat_map.dtb-
        @//config.txt  @//overlays/hat.dtbo  @//overlays/lost.dtbo-
        @//cmdline.txt  @/armstub8-2712.bin-  @/kernel_2712.img
        """,
}
CONFIG = b"initramfs initrd followkernel\ndtoverlay=hat,x=1\ndtoverlay=lost\n"


def noise(name, size):
    """Bytes that nothing can guess, the same each time."""
    return random.Random(name).randbytes(size)


def boot_files():
    """What is on a boot partition; sizes beside and at ends of blocks."""
    sizes = {"start.elf": 3000, "fixup.dat": 512, "start4.elf": 4000,
             "fixup4.dat": 1468, "initrd": 5121, "kernel7.img": 7168,
             "kernel8.img": 29360, "kernel7l.img": 1500,
             "kernel_2712.img": 10277, "overlays/overlay_map.dtb": 600,
             "overlays/hat.dtbo": 300, "overlays/bcm2712d0.dtbo": 200,
             **{name: 2048 for name in DEVICE_TREE.values()}}
    return {"config.txt": CONFIG, "cmdline.txt": b"root=/dev/nbd0p2\n",
            **{name: noise(name, size) for name, size in sizes.items()}}


class Tree:
    """A plain directory for the server, with one board's files in it."""

    def __init__(self, root, board=SERIAL):
        self.root = root
        self.board = board
        self.put({"bootcode.bin": noise("bootcode.bin", 2000)}, "")
        self.put(boot_files())

    def put(self, files, board=None):
        for name, data in files.items():
            path = self.path(name, board)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def path(self, name, board=None):
        return self.root / (self.board if board is None else board) / name

    def remove(self, *names):
        for name in names:
            self.path(name).unlink()

    def move_to_top(self):
        """The board's files are where they are without prefix."""
        for path in self.path("").iterdir():
            shutil.move(path, self.root)
        self.path("").rmdir()
        self.board = ""

    def files(self):
        return {str(path.relative_to(self.root)): path.read_bytes()
                for path in self.root.rglob("*") if path.is_file()}


class Boot:
    """One run of the program, and what it says."""

    def __init__(self, network, model, out, *options, server="127.0.0.1"):
        self.out = out
        result = network.run(
            BOOTROM, "--model", model, "--serial", f"10000000{SERIAL}",
            "--out", out, *options, server, check=False)
        self.status = result.returncode
        self.log = result.stdout
        self.reason = result.stderr
        assert not harness.SANITIZER_REPORT.search(self.reason), self.reason
        self.lines = [re.fullmatch(r"(\S+) \((.*)\): (.*)", line).groups()
                      for line in self.log.splitlines() if line[0] != "#"]
        self.remarks = [line[2:] for line in self.log.splitlines()
                        if line[0] == "#"]

    @property
    def asked(self):
        """As SEQUENCES has it."""
        return [path + ("?" if result.startswith("probe") else
                        "-" if result == "not found" else "")
                for path, _, result in self.lines]

    def result(self, path):
        """The last request for PATH, what came of it."""
        return [result for asked, _, result in self.lines
                if asked == path][-1]

    def file(self, name):
        return (self.out / name).read_bytes()

    def has(self, name):
        return (self.out / name).exists()


def sequence(model, board=SERIAL):
    return SEQUENCES[model].replace("@", board).split()


class Recorder:
    """A TFTP server that writes down each request and how it went on.

    `requests` has (path, options) as they came; `packets` the operations
    that followed from the client, for each of them.
    """

    def __init__(self, network, files, grants=("tsize", "blksize"), lose=0,
                 silent=(), errors=None, repeat=1):
        self.requests = []
        self.packets = []
        self._network = network
        self._files = files
        self._grants = grants
        self._lose = lose
        self._silent = silent
        self._errors = errors or {}
        self._repeat = repeat
        self._socket = network.udp_socket()
        self._socket.bind(("127.0.0.1", servers.TFTP_PORT))
        self._socket.settimeout(0.05)
        self._over = threading.Event()
        self._executor = ThreadPoolExecutor(1)
        self._running = None

    def __enter__(self):
        self._running = self._executor.submit(self._run)
        return self

    def __exit__(self, *_):
        self._over.set()
        self._executor.shutdown()
        self._socket.close()
        self._running.result()      # raises what went wrong there

    @property
    def asked(self):
        """As SEQUENCES has it, but what is missing is not told."""
        return [path + ("?" if tftpclient.ERROR in packets else "")
                for (path, _), packets in zip(self.requests, self.packets)]

    def has_ended(self):
        """By itself, as something went wrong."""
        return self._running.done()

    def _run(self):
        while not self._over.is_set():
            try:
                packet, peer = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            words = packet[2:].decode().split("\0")[:-1]
            assert packet[:2] == b"\0\1" and words[1] == "octet", packet
            options = dict(zip(words[2::2], words[3::2]))
            self.requests.append((words[0], options))
            self.packets.append([])
            if self._lose > 0:
                self._lose -= 1
            elif words[0] not in self._silent:
                # A client that has what it wants is gone.
                with self._network.udp_socket() as own, \
                        contextlib.suppress(ConnectionRefusedError):
                    own.bind(("127.0.0.1", 0))
                    own.connect(peer)
                    own.settimeout(5)
                    self._serve(own, words[0], options)

    def _serve(self, own, path, options):
        name = re.sub("/+", "/", path).lstrip("/")
        if path in self._errors or name not in self._files:
            code = self._errors.get(path, tftpclient.NOT_FOUND)
            own.send(struct.pack("!HH", tftpclient.ERROR, code) + b"no\0")
            return
        data = self._files[name]
        granted = {key: value for key, value in options.items()
                   if key in self._grants}
        if "tsize" in granted:
            granted["tsize"] = str(len(data))
        if granted:
            words = [word for item in granted.items() for word in item]
            own.send(struct.pack("!H", tftpclient.OACK)
                     + "".join(word + "\0" for word in words).encode())
            if not self._is_acknowledged(own, 0):
                return
        blksize = int(granted.get("blksize", 512))
        for number in range(len(data) // blksize + 1):
            block = (number + 1) & 0xffff
            for _ in range(self._repeat):
                own.send(struct.pack("!HH", tftpclient.DATA, block)
                         + data[number * blksize:(number + 1) * blksize])
            if not self._is_acknowledged(own, block):
                return

    def _is_acknowledged(self, own, block):
        operation, number = struct.unpack_from("!HH", own.recv(65536))
        self.packets[-1].append(operation)
        return (operation, number) == (tftpclient.ACK, block)
