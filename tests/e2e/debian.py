# SPDX-License-Identifier: BSD-2-Clause
"""Debian 12's arm64 packages: found, downloaded, unpacked, cached.

apt is given a configuration of its own: other lists, no installed packages,
so neither the architecture nor the release of this machine matters. What is
downloaded stays in a cache outside the tree, so only the first run takes the
net: some 130 MB.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import time
import zlib
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ARCHIVES = {"bookworm": "debian", "bookworm-updates": "debian",
            "bookworm-security": "debian-security"}
COMPONENTS = "main non-free-firmware"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org")
LISTS_SECONDS = 90
DOWNLOAD_SECONDS = 180  # for all packages; those that have come are kept
LOCAL_SECONDS = 60
KERNEL = re.compile(r"linux-image-(6\.1\.0-(\d+)-arm64)")

# Comes before the machine's own configuration, which may name a proxy.
CONFIGURATION = """\
APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Dir::State "{0}/state";
Dir::State::status "{0}/state/status";
Dir::Cache "{0}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{0}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""


# What apt says of the net and of servers. All else it says of us.
OUT_OF_REACH = re.compile(
    r"^E: (?:Failed to fetch|Unable to|Could not) .*|"
    r"^E: The repository .* (?:does not have|no longer has) a Release file|"
    r"^E: Release file for .* is (?:expired|not valid yet) .*", re.MULTILINE)


class Unavailable(Exception):
    """Packages cannot be had here and now; the text says why.

    Nothing else, as tests are skipped then: what is wrong with these scripts
    has to raise another exception.
    """


def default_cache():
    """Where downloads are kept."""
    usual = "/var/cache" if os.geteuid() == 0 else Path.home() / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME", usual), "pibootfs-e2e")


@contextlib.contextmanager
def archive(cache=None):
    """An Archive; nobody else changes its cache for the duration."""
    cache = Path(cache or default_cache())
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / "lock").open("w", encoding="ascii")
    except OSError as error:
        raise Unavailable(f"no cache in {cache}: {error}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Archive(cache)
        yield made
        made.forget_unused()


class Archive:
    """Packages by name, from the net or from the cache."""

    def __init__(self, cache):
        self._cache = cache
        self._apt_directory = cache / "apt"
        self._seconds_left = DOWNLOAD_SECONDS
        # An earlier run may have been killed.
        shutil.rmtree(self._cache / "partial", ignore_errors=True)
        self._configure()
        self._refresh()
        self._versions = self._newest()
        self._used = set()

    def _configure(self):
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self._apt_directory / name).mkdir(parents=True, exist_ok=True)
        (self._apt_directory / "state/status").touch()
        (self._apt_directory / "apt.conf").write_text(
            CONFIGURATION.format(self._apt_directory), encoding="utf-8")
        (self._apt_directory / "sources.list").write_text("".join(
            f"deb [signed-by={KEYRING}] {MIRROR}/{path} {suite} {COMPONENTS}\n"
            for suite, path in ARCHIVES.items()), encoding="utf-8")

    def _apt(self, command, *words, seconds, cwd=None):
        environment = {**os.environ, "LC_ALL": "C.UTF-8",
                       "APT_CONFIG": str(self._apt_directory / "apt.conf")}
        if shutil.which(command) is None:
            raise Unavailable(f"there is no {command} here")
        try:
            # It must not outlive this process.
            return subprocess.run(
                ["setpriv", "--pdeathsig", "KILL", command, "-q", *words],
                cwd=cwd, env=environment, check=True, text=True,
                capture_output=True, stdin=subprocess.DEVNULL,
                timeout=seconds).stdout
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{command} {words[0]} was ended after "
                              f"{seconds:.0f} s") from None
        except subprocess.CalledProcessError as error:
            raise _failure(f"{command} {words[0]}", error.stderr) from None

    def _refresh(self):
        """New lists; those of an earlier run will do without a net."""
        try:
            self._apt("apt-get", "update", "-oAPT::Update::Error-Mode=any",
                      seconds=LISTS_SECONDS)
        except Unavailable:
            if not list((self._apt_directory / "state/lists").glob("*_*")):
                raise

    def _newest(self):
        """{package: its newest version}, of all packages."""
        listed = re.findall(r"^Package: (.+)\n(?:.+\n)*?Version: (.+)$",
                            self._apt("apt-cache", "dumpavail",
                                      seconds=LOCAL_SECONDS), re.MULTILINE)
        return dict(listed)

    def kernels(self):
        """The names of the two newest kernel packages, older one first.

        They are of the same series with different ABI numbers, as Debian
        publishes with every security update: a real upgrade.
        """
        found = sorted((name for name in self._versions
                        if KERNEL.fullmatch(name)),
                       key=lambda name: int(KERNEL.fullmatch(name)[2]))
        if not found:
            raise LookupError(f"no package of {MIRROR} matches "
                              f"{KERNEL.pattern}")
        if len(found) == 1:
            raise Unavailable(f"two kernels are needed, {MIRROR} has "
                              f"{found[0]} only")
        return found[-2:]

    def has(self, package):
        """Is there such a package?"""
        return package in self._versions

    def version(self, package):
        """The version that unpacked() gives."""
        return self._versions[package]

    def unpacked(self, package, *patterns):
        """A directory with what the package installs.

        With patterns, only the members that match (tar's wildcards): most of
        a kernel package is modules for other machines.
        """
        if package not in self._versions:
            raise LookupError(f"{MIRROR} has no package {package}")
        key = zlib.crc32(" ".join(patterns).encode())
        tree = (self._cache / "unpacked" /
                f"{package}_{self._versions[package]}_{key:08x}")
        self._used.add(tree)
        if tree.is_dir():
            return tree
        unfinished = tree.with_name(tree.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        with self._downloaded(package) as deb:
            _unpack(deb, unfinished, patterns)
        unfinished.rename(tree)
        return tree

    def forget_unused(self):
        """Remove what nobody has asked for, such as the last kernel but two.
        """
        for tree in set((self._cache / "unpacked").iterdir()) - self._used:
            shutil.rmtree(tree)

    @contextlib.contextmanager
    def _downloaded(self, package):
        """The package's file, whose digest apt has checked, for a while."""
        directory = self._cache / "partial"
        directory.mkdir()
        try:
            started = time.monotonic()
            self._apt("apt-get", "download", package, cwd=directory,
                      seconds=max(1, self._seconds_left))
            self._seconds_left -= time.monotonic() - started
            (deb,) = directory.glob("*.deb")
            yield deb
        finally:
            shutil.rmtree(directory)


def _failure(command, says):
    """The exception for what a command of apt has said."""
    reason = OUT_OF_REACH.search(says)
    if reason:
        return Unavailable(f"{command}: {reason[0]}")
    return RuntimeError(f"{command}: {says}")


def _unpack(deb, directory, patterns):
    tar = ["tar", "-x", "-C", directory, "--no-same-owner"]
    if patterns:
        tar += ["--wildcards", *patterns]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb],
                          stdout=subprocess.PIPE) as content:
        subprocess.run(tar, stdin=content.stdout, check=True)
    if content.returncode != 0:
        raise RuntimeError(f"dpkg-deb cannot read {deb.name}")
