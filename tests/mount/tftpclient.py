# SPDX-License-Identifier: BSD-2-Clause
"""A TFTP client that a test can hold at any block.

The stock clients run a transfer from end to end. A boot loader does more: it
probes a file and leaves ("Early terminate"), it dies in the middle, it reads
slowly. `Transfer` is one transfer in lock step (RFC 1350, options of RFC 2347
to 2349), advanced by hand.
"""

import socket
import struct

RRQ, DATA, ACK, ERROR, OACK = 1, 3, 4, 5, 6
NOT_FOUND = 1

# A server that is silent for this long hangs; every test fails then.
SILENCE_SECONDS = 20


class TftpError(Exception):
    """The server answered with an ERROR packet."""

    def __init__(self, code, message):
        super().__init__(f"TFTP error {code}: {message}")
        self.code = code
        self.message = message


class Transfer:
    """One read request; `options` are sent as they are, in this order."""

    def __init__(self, network, path, server="127.0.0.1", **options):
        self.path = path
        self.done = False
        self._socket = network.udp_socket()
        self._socket.settimeout(SILENCE_SECONDS)
        self._peer = None
        self._waiting = None
        self._block = 0
        request = struct.pack("!H", RRQ) + _strings(path, "octet")
        for key, value in options.items():
            request += _strings(key, value)
        try:
            self._socket.sendto(request, (server, 69))
            self.options = self._receive_options()
        except BaseException:
            self.close()
            raise
        self.blksize = int(self.options.get("blksize", 512))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Go silent: the server sees a client that died."""
        self._socket.close()

    @property
    def tsize(self):
        return int(self.options["tsize"])

    def next_block(self):
        """The next block's bytes; its predecessor is acknowledged first."""
        assert not self.done
        if self._waiting is None:
            self._send(struct.pack("!HH", ACK, self._block & 0xffff))
            self._waiting = self._receive_block()
        data, self._waiting = self._waiting, None
        self._block += 1
        if len(data) < self.blksize:
            self._send(struct.pack("!HH", ACK, self._block & 0xffff))
            self.done = True
        return data

    def repeated_block(self):
        """The last block once more: the server sends it if one is silent."""
        while True:
            operation, number, packet = self._receive()
            if operation == DATA and number == self._block & 0xffff:
                return packet[4:]

    def blocks(self):
        while not self.done:
            yield self.next_block()

    def rest(self):
        """All blocks that have not been asked for yet."""
        return b"".join(self.blocks())

    def early_terminate(self):
        """Leave as a boot loader does that only wanted to see the size."""
        self._send(struct.pack("!HH", ERROR, 0) + _strings("Early terminate"))
        self.close()

    def _send(self, packet):
        self._socket.sendto(packet, self._peer)

    def _receive(self):
        """The next packet of this transfer, errors raised."""
        while True:
            packet, peer = self._socket.recvfrom(65536)
            if self._peer in (None, peer):
                break
        self._peer = peer
        operation, number = struct.unpack_from("!HH", packet)
        if operation == ERROR:
            raise TftpError(number, packet[4:].split(b"\0")[0].decode())
        return operation, number, packet

    def _receive_options(self):
        operation, number, packet = self._receive()
        if operation == OACK:
            words = packet[2:].decode().split("\0")
            return dict(zip(words[0::2], words[1::2]))
        assert (operation, number) == (DATA, 1), packet[:4]
        self._waiting = packet[4:]
        return {}

    def _receive_block(self):
        """The block after the last; repeated old packets are dropped."""
        while True:
            operation, number, packet = self._receive()
            if operation == DATA and number == (self._block + 1) & 0xffff:
                return packet[4:]


def _strings(*values):
    return b"".join(str(value).encode() + b"\0" for value in values)


def fetch(network, path, **options):
    """The whole file, by one transfer."""
    with Transfer(network, path, **options) as transfer:
        return transfer.rest()
