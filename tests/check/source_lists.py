# SPDX-License-Identifier: BSD-2-Clause
"""Every C file is in the CMakeLists.txt that should build it."""

import re

from checking import Seed, main

# (directory, pattern of its files, the file that must name them)
LISTS = [
    ("lib", "*.c", "lib/CMakeLists.txt"),
    ("fuse", "*.c", "fuse/CMakeLists.txt"),
    ("tools/common", "*.c", "tools/common/CMakeLists.txt"),
    ("tools/image", "*.c", "tools/image/CMakeLists.txt"),
    ("tools/prep", "*.c", "tools/prep/CMakeLists.txt"),
    ("tests/unit", "*.c", "tests/CMakeLists.txt"),
    ("tests/bench", "*.c", "tests/bench/CMakeLists.txt"),
    ("tests/e2e", "*.c", "tests/e2e/CMakeLists.txt"),
    ("tests/fuzz", "fuzz-*.c", "tests/fuzz/CMakeLists.txt"),
    ("tests/check", "*.py", "tests/CMakeLists.txt"),
]
# Imported by the checks; no checks themselves.
NOT_BUILT = {"tests/check/checking.py"}


def words_of(root, name):
    path = root / name
    text = path.read_text() if path.is_file() else ""
    return set(re.split(r"[\s()/]+", re.sub(r"#[^\n]*", "", text)))


def find(root):
    findings = []
    for directory, pattern, name in LISTS:
        words = words_of(root, name)
        for file in sorted((root / directory).glob(pattern)):
            if str(file.relative_to(root)) in NOT_BUILT:
                continue
            if not words & {file.name, file.stem}:
                findings.append(f"{file.relative_to(root)}: "
                                f"not in {name}")
    return findings


CLEAN = {
    "lib/CMakeLists.txt": "set(S\n\ta.c\n\tb.c)\n",
    "lib/a.c": "",
    "lib/b.c": "",
    "tests/CMakeLists.txt": "set(T test-a)\n",
    "tests/unit/test-a.c": "",
    "tests/check/checking.py": "",
}
SEEDS = [
    Seed("a source that is not built", {"lib/new.c": ""},
         "lib/new.c: not in lib/CMakeLists.txt"),
    Seed("a source that is commented out",
         {"lib/CMakeLists.txt": "set(S\n\ta.c\n\t# b.c\n)\n"},
         "lib/b.c: not in lib/CMakeLists.txt"),
    Seed("a unit test that is not run", {"tests/unit/test-b.c": ""},
         "tests/unit/test-b.c: not in tests/CMakeLists.txt"),
    Seed("a check that is not run", {"tests/check/lost.py": ""},
         "tests/check/lost.py: not in tests/CMakeLists.txt"),
    Seed("a directory that is not built", {"tools/prep/a.c": ""},
         "tools/prep/a.c: not in tools/prep/CMakeLists.txt"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
