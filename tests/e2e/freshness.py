# SPDX-License-Identifier: BSD-2-Clause
"""Is what is served what is on the disk? The question of all these tests."""

import os

import fatread
import loader
import tftpclient


class Stale(AssertionError):
    """TFTP gave something else than the disk has."""


def check_fresh(written, network, tree, board):
    """All files of a board come over TFTP as they were written.

    `written` is {path: digest}, from whoever has written. Names are looked
    up in `tree`, the directory that TFTP serves.
    """
    listed = set(names(tree / board))
    if listed != set(written):
        raise Stale(f"missing: {sorted(set(written) - listed)}, "
                    f"left over: {sorted(listed - set(written))}")
    compare(written, {path: loader.digest(
        loader.fetch(network, f"{board}/{path}")) for path in written})


def compare(written, served):
    """Everything in `served` is as it was written, case of names aside."""
    if not served:
        raise Stale("nothing was loaded")
    wanted = {path.lower(): digest for path, digest in written.items()}
    stale = [path for path, digest in served.items()
             if wanted.get(path.lower()) != digest]
    if stale:
        raise Stale(f"not as written: {sorted(stale)}")


def check_gone(network, board, *paths):
    """TFTP says "not found"."""
    for path in paths:
        try:
            loader.fetch(network, f"{board}/{path}")
        except tftpclient.TftpError as error:
            if error.code == tftpclient.NOT_FOUND:
                continue
            raise
        raise Stale(f"{path} is still there")


def names(directory):
    """The paths of all files below a directory."""
    return [os.path.relpath(os.path.join(parent, name), directory)
            for parent, _, files in os.walk(directory) for name in files]


def check_whatever_is_there(network, board, image, offset):
    """Every file that the disk has whole comes as the disk has it; every file
    that the disk has in pieces does not come.

    For a disk after a power cut. The judge is an independent reader, and
    each transfer ends, with the file or with an error. Returns {path: was it
    served}.
    """
    volume = fatread.Volume(image, offset)
    served = {}
    for path, entry in volume.walk().items():
        if entry.is_directory:
            continue
        wanted = _content(volume, entry)
        try:
            data, answer = loader.fetch(network, f"{board}/{path}"), "served"
        except tftpclient.TftpError as error:
            data, answer = None, str(error)
        if data != wanted:
            on_disk = "broken" if wanted is None else f"{len(wanted)} bytes"
            raise Stale(f"{path} is not what is on the disk, which is "
                        f"{on_disk}: {answer}")
        served[path] = data is not None
    return served


def _content(volume, entry):
    """What a file's size and links say, or None where they contradict each
    other: a chain that is too short, leaves the volume or loops.

    Links behind the last byte do not count: a board that dies has often
    written more of them than of anything else. But a last cluster that is
    free belongs to nobody, and so does what is in it.
    """
    chain, link = {}, entry.first_cluster   # a dict keeps the order
    for _ in range(-(-entry.size // volume.cluster_bytes)):
        if link in chain or not 2 <= link < volume.clusters + 2:
            return None
        chain[link] = True
        link = volume.fat_get(link)
    if chain and link == 0:
        return None
    return b"".join(volume.get(volume.cluster_offset(cluster),
                               volume.cluster_bytes)
                    for cluster in chain)[:entry.size]
