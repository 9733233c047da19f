# SPDX-License-Identifier: BSD-2-Clause
"""Text that must or must not be in any file of the project.

A licence line in each source file; no paths of somebody's machine, no marks
of unfinished work, no trailing blanks.
"""

import os
import re

from checking import Seed, main

# In a work tree of its own, .git is a file.
SKIPPED = {".git", "__pycache__", ".pytest_cache", ".cache"}
# Files in which a comment has no place, or that are somebody else's text.
NO_LICENCE_LINE = (".json", ".md", ".txt", ".conf", ".svg")
NO_LICENCE_NAMES = {"LICENSE", ".gitignore"}
# Recordings, kept as they were made.
NO_LICENCE_DIRECTORIES = ("tests/mount/traces",)
LICENCE = "SPDX-License-" + "Identifier: BSD-2-Clause"
# The brackets keep this file from matching itself.
FORBIDDEN = [
    (r"/(?:w[o]rk|f[a]rm|r[o]ot|h[o]me)/", "a path of one machine"),
    (r"\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b", "a mark of unfinished work"),
    (r"^(?:<{7}|={7}|>{7})(?: |$)", "a mark of an unfinished merge"),
    (r"[ \t]+$", "blanks at the end of a line"),
]


def text_files(root):
    for directory, subdirectories, names in os.walk(root):
        subdirectories[:] = sorted(
            name for name in subdirectories
            if name not in SKIPPED
            and not (directory == str(root) and name.startswith("build")))
        for name in sorted(set(names) - SKIPPED):
            path = os.path.join(directory, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                content = file.read()
            try:
                yield os.path.relpath(path, root), content.decode()
            except UnicodeDecodeError:
                continue


def find(root):
    findings = []
    for name, text in text_files(root):
        head = "\n".join(text.splitlines()[:3])
        if (LICENCE not in head and text
                and not name.endswith(NO_LICENCE_LINE)
                and not name.startswith(NO_LICENCE_DIRECTORIES)
                and os.path.basename(name) not in NO_LICENCE_NAMES):
            findings.append(f"{name}:1: no line '{LICENCE}'")
        for number, line in enumerate(text.split("\n"), start=1):
            for pattern, fault in FORBIDDEN:
                if re.search(pattern, line):
                    findings.append(f"{name}:{number}: {fault}: {line}")
        if text and not text.endswith("\n"):
            findings.append(f"{name}: no newline at the end")
    return findings


GOOD = f"/* {LICENCE} */\nint x;\n"
CLEAN = {
    "lib/good.c": GOOD,
    "tests/good.sh": f"#!/bin/sh\n# {LICENCE}\n",
    "README.md": "In /srv/images, not in the framework/ or hacked together.\n",
    "build-dev/generated.c": "nobody minds \n",
}
SEEDS = [
    Seed("no licence line", {"lib/bad.c": "int x;\n"}, "lib/bad.c:1: no line"),
    Seed("another licence",
         {"lib/bad.c": GOOD.replace("BSD-2-Clause", "MIT")},
         "lib/bad.c:1: no line"),
    Seed("a path of one machine", {"notes.md": "in /h" + "ome/me/src\n"},
         "notes.md:1: a path of one machine"),
    Seed("unfinished work", {"lib/bad.c": GOOD + "/* TO" + "DO: y */\n"},
         "lib/bad.c:3: a mark of unfinished work"),
    Seed("an unfinished merge", {"lib/bad.c": GOOD + "=" * 7 + "\n"},
         "lib/bad.c:3: a mark of an unfinished merge"),
    Seed("a blank at the end of a line", {"lib/bad.c": GOOD + "int y; \n"},
         "lib/bad.c:3: blanks at the end"),
    Seed("no newline at the end", {"notes.md": "x"},
         "notes.md: no newline at the end"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
