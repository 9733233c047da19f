# SPDX-License-Identifier: BSD-2-Clause
"""An include points to a lower row of layers.txt, and every file has a row."""

import os
import re
from pathlib import Path

from checking import Seed, main, sources

ROWS = "tests/check/layers.txt"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def read_rows(root):
    """Returns ({word: row}, findings); a word is a path or one less suffix."""
    rows, findings = {}, []
    for number, line in enumerate(
            (root / ROWS).read_text().splitlines(), start=1):
        for word in line.partition("#")[0].split():
            if word in rows:
                findings.append(f"{ROWS}:{number}: {word} is listed twice")
            rows[word] = number
    return rows, findings


def words_for(file):
    """How layers.txt can name FILE."""
    return {file.as_posix(), file.with_suffix("").as_posix()}


def find_header(root, file, name):
    """The header of ours that FILE means by NAME, else None."""
    for directory in (file.parent.as_posix(), "tools/common", "lib",
                      "fuse", "."):
        path = Path(os.path.normpath(f"{directory}/{name}"))
        if (root / path).is_file():
            return path
    return None


def check_rows(rows, files):
    findings, used = [], set()
    for file in files:
        words = words_for(file) & rows.keys()
        used |= words
        if not words:
            findings.append(f"{file}: has no row in {ROWS}")
        if len(words) > 1:
            findings.append(f"{file}: has two rows in {ROWS}")
    for word in sorted(rows.keys() - used):
        findings.append(f"{ROWS}:{rows[word]}: there is no {word}")
    return findings


def find(root):
    rows, findings = read_rows(root)
    files = sources(root)
    findings += check_rows(rows, files)
    row_of = {file: rows[word] for file in files
              for word in words_for(file) & rows.keys()}
    probers = []
    for file in files:
        text = (root / file).read_text()
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            quote, name = match.groups()
            if name in ("blkid.h", "blkid/blkid.h"):
                probers.append(f"{file}:{line}")
            header = quote == '"' and find_header(root, file, name)
            if (not header or not {file, header} <= row_of.keys()
                    or header.with_suffix("") == file.with_suffix("")):
                continue
            if row_of[header] <= row_of[file]:
                findings.append(
                    f"{file}:{line}: includes {name}, which is not below it")
    for place in probers[1:]:
        findings.append(f"{place}: a second file includes <blkid.h>, "
                        f"besides {probers[0]}")
    return findings


CLEAN = {
    ROWS: "# programs\nfuse/main\n# library\nlib/low.c\n"
          "lib/top lib/peer\nlib/low.h\n",
    "fuse/main.c": '#include "top.h"\n#include "low.h"\n',
    "lib/top.c": '#include "top.h"\n#include <blkid.h>\n#include "low.h"\n',
    "lib/top.h": "",
    "lib/peer.h": "",
    "lib/low.c": '#include "low.h"\n#include "top.h"\n',
    "lib/low.h": "",
}
SEEDS = [
    Seed("an include that points up", {"lib/low.h": '#include "top.h"\n'},
         "lib/low.h:1: includes top.h, which is not below it"),
    Seed("an include across a row", {"lib/top.h": '#include "peer.h"\n'},
         "lib/top.h:1: includes peer.h, which is not below it"),
    Seed("a library file that includes a program's",
         {"fuse/main.h": "", "lib/top.h": '#include "../fuse/main.h"\n'},
         "lib/top.h:1: includes ../fuse/main.h, which is not below it"),
    Seed("a file without a row", {"lib/new.c": ""}, "lib/new.c: has no row"),
    Seed("a row without a file", {"lib/peer.h": None},
         "there is no lib/peer"),
    Seed("a file in two rows",
         {ROWS: CLEAN[ROWS] + "lib/top\n"}, "lib/top is listed twice"),
    Seed("a file in a row of its own and in its module's",
         {ROWS: CLEAN[ROWS] + "lib/top.h\n"}, "lib/top.h: has two rows"),
    Seed("a second prober", {"lib/low.c": "#include <blkid/blkid.h>\n"},
         "a second file includes <blkid.h>"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
