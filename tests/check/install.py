# SPDX-License-Identifier: BSD-2-Clause
"""`cmake --install` puts everything where Debian's programs look for it."""

import os
import subprocess
import tempfile
from pathlib import Path

from checking import Seed, main

MODES = {"bin/pibootfs": 0o755, "share/man/man8/pibootfs.8": 0o644,
         "bin/pibootfs-image": 0o755, "bin/pibootfs-prep": 0o755,
         "share/bash-completion/completions/pibootfs-prep": 0o644,
         "share/man/man1/pibootfs-prep.1": 0o644,
         "share/man/man1/pibootfs-image.1": 0o644}
HELPER = "sbin/mount.fuse.pibootfs"


def build_directory(root):
    if not (root / "CMakeLists.txt").is_file():
        return root / "build"       # a control brings its own
    return Path(os.environ.get("PIBOOTFS_BUILD", root / "build"))


def install(root, destination, prefix):
    result = subprocess.run(
        ["cmake", "--install", build_directory(root), "--prefix", prefix],
        env={**os.environ, "DESTDIR": str(destination)},
        capture_output=True, text=True, check=False)
    return [] if result.returncode == 0 else [result.stderr.strip()]


def look(destination, prefix, helper):
    """What is wrong below DESTINATION, whose link should be at HELPER."""
    findings, wanted = [], {helper.lstrip("/")}
    for name, mode in MODES.items():
        path = destination / prefix.lstrip("/") / name
        wanted.add(str(path.relative_to(destination)))
        if not path.is_file():
            findings.append(f"{prefix}: {name} is not installed")
        elif path.stat().st_mode & 0o777 != mode:
            findings.append(f"{prefix}: {name} has mode "
                            f"{path.stat().st_mode & 0o777:o}")
    link = destination / helper.lstrip("/")
    if not link.is_symlink():
        findings.append(f"{prefix}: {helper} is no link")
    elif os.readlink(link) != f"{prefix}/bin/pibootfs":
        findings.append(f"{prefix}: {helper} leads to {os.readlink(link)}")
    for path in destination.rglob("*"):
        name = str(path.relative_to(destination))
        if not path.is_dir() and name not in wanted:
            findings.append(f"{prefix}: /{name} is installed as well")
    return findings


def find(root):
    findings = []
    for prefix, helper in (("/usr", f"/{HELPER}"), ("/usr/local", f"/{HELPER}"),
                           ("/opt/own", f"/opt/own/{HELPER}")):
        with tempfile.TemporaryDirectory(prefix="pibootfs-install-") as name:
            findings += install(root, name, prefix)
            findings += look(Path(name), prefix, helper)
    return findings


SCRIPT = """
if(CMAKE_INSTALL_PREFIX STREQUAL "/opt/own")
  set(sbin /opt/own/sbin)
else()
  set(sbin /sbin)
endif()
set(here ${CMAKE_CURRENT_LIST_DIR})
file(INSTALL ${here}/pibootfs ${here}/pibootfs-image ${here}/pibootfs-prep
  DESTINATION ${CMAKE_INSTALL_PREFIX}/bin USE_SOURCE_PERMISSIONS)
file(INSTALL ${here}/pibootfs.8
  DESTINATION ${CMAKE_INSTALL_PREFIX}/share/man/man8)
file(INSTALL ${here}/pibootfs-image.1 ${here}/pibootfs-prep.1
  DESTINATION ${CMAKE_INSTALL_PREFIX}/share/man/man1)
file(INSTALL ${here}/completion.bash RENAME pibootfs-prep
  DESTINATION ${CMAKE_INSTALL_PREFIX}/share/bash-completion/completions)
file(MAKE_DIRECTORY $ENV{DESTDIR}${sbin})
file(CREATE_LINK ${CMAKE_INSTALL_PREFIX}/bin/pibootfs
  $ENV{DESTDIR}${sbin}/mount.fuse.pibootfs SYMBOLIC)
"""
CLEAN = {
    "build/pibootfs": "#!/bin/sh\n",
    "build/pibootfs.8": "",
    "build/pibootfs-image": "#!/bin/sh\n",
    "build/pibootfs-image.1": "",
    "build/pibootfs-prep": "#!/bin/sh\n",
    "build/pibootfs-prep.1": "",
    "build/completion.bash": "",
    "build/cmake_install.cmake": SCRIPT,
}


def changed(old, new):
    assert old in SCRIPT
    return {"build/cmake_install.cmake": SCRIPT.replace(old, new)}


SEEDS = [
    Seed("a helper where mount(8) does not look",
         changed("set(sbin /sbin)", "set(sbin /usr/sbin)"),
         "/usr: /sbin/mount.fuse.pibootfs is no link"),
    Seed("a helper that leads astray",
         changed("CREATE_LINK ${CMAKE_INSTALL_PREFIX}", "CREATE_LINK "),
         "/usr: /sbin/mount.fuse.pibootfs leads to /bin/pibootfs"),
    Seed("an installation for oneself that writes to /sbin",
         changed("set(sbin /opt/own/sbin)", "set(sbin /sbin)"),
         "/opt/own: /sbin/mount.fuse.pibootfs is installed as well"),
    Seed("no manual", changed("share/man/man8", "man"),
         "/usr: share/man/man8/pibootfs.8 is not installed"),
    Seed("a program that cannot be run",
         changed("USE_SOURCE_PERMISSIONS", ""),
         "/usr: bin/pibootfs has mode 644"),
    Seed("a program left out", changed(" ${here}/pibootfs-image ", " "),
         "/usr: bin/pibootfs-image is not installed"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
