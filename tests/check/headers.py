# SPDX-License-Identifier: BSD-2-Clause
"""A header compiles by itself, twice over, and says what the module knows."""

import os
import shlex
import subprocess

from checking import Seed, main, sources

PACKAGES = ("fuse3", "blkid", "libsystemd", "libxxhash", "inih", "cmocka",
            "json-c", "smartcols", "libarchive", "libcrypto", "fdisk",
            "yaml-0.1", "zlib")


def compiler_flags():
    """What any file of ours needs; ctest names the build's own headers."""
    flags = subprocess.run(["pkg-config", "--cflags", *PACKAGES], check=True,
                           capture_output=True, text=True).stdout
    generated = os.environ.get("PIBOOTFS_GENERATED_HEADERS")
    return ["-std=gnu17", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
            "-DFUSE_USE_VERSION=314", '-DUNIT_FIXTURES=""',
            "-Ilib", "-Ifuse", "-Itools/common", "-Itools/image",
            "-Itools/prep", "-Itests/unit",
            *([f"-I{generated}"] if generated else []), *shlex.split(flags)]


def find(root):
    findings = []
    command = [os.environ.get("CC", "cc"), *compiler_flags(), "-fsyntax-only",
               "-Wall", "-Wextra", "-Werror", "-x", "c", "-"]
    for file in sources(root, suffixes=(".h",),
                        directories=("lib", "fuse", "tools", "tests/unit")):
        include = f'#include "{root / file}"\n'
        result = subprocess.run(command, input=include * 2, cwd=root,
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            findings.append(f"{file}: does not stand alone: "
                            f"{result.stderr.strip()}")
        lines = (root / file).read_text().splitlines()
        if len(lines) < 2 or not lines[1].startswith("/*"):
            findings.append(f"{file}:2: does not open with a paragraph on "
                            "what the module knows")
    return findings


GOOD = """/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a thing is. */
#ifndef THING_H
#define THING_H
#include <stddef.h>
struct thing { size_t length; };
#endif
"""
CLEAN = {"lib/thing.h": GOOD}
SEEDS = [
    Seed("a type from nowhere",
         {"lib/thing.h": GOOD.replace("#include <stddef.h>\n", "")},
         "lib/thing.h: does not stand alone"),
    Seed("no include guard",
         {"lib/thing.h": GOOD.replace("#define THING_H\n", "")},
         "lib/thing.h: does not stand alone"),
    Seed("no opening paragraph",
         {"lib/thing.h": GOOD.replace("/* How long a thing is. */\n", "")},
         "lib/thing.h:2: does not open with a paragraph"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
