# SPDX-License-Identifier: BSD-2-Clause
"""mandoc has nothing to say about the manual pages, not even on style, and no
dot is a word of its own: mandoc says nothing of that, and puts a tilde there.
"""

import re
import subprocess

from checking import Seed, main, need


def find(root):
    findings = []
    mandoc = need("mandoc")
    pages = sorted(root.glob("man/*.[1-8]"))
    if not pages:
        findings.append("man/: no manual page")
    for page in pages:
        result = subprocess.run(
            [mandoc, "-T", "lint", "-W", "all", page.relative_to(root)],
            cwd=root, capture_output=True, text=True, check=False)
        # Which other manuals this machine has says nothing about ours.
        findings.extend(
            line for line in (result.stdout + result.stderr).splitlines()
            if not re.search("referenced manual not found|outdated mandoc.db",
                             line))
        findings.extend(
            f"{page.relative_to(root)}:{number}: the dot ends a sentence and "
            f"no more; write \\&."
            for number, line in enumerate(page.read_text().splitlines(), 1)
            if re.match(r"\.\S.* \. Ns ", line))
    return findings


GOOD = """.\\" SPDX-License-Identifier: BSD-2-Clause
.Dd January 1, 2026
.Dt THING 8
.Os
.Sh NAME
.Nm thing
.Nd do a thing
.Sh DESCRIPTION
The
.Nm
utility does a thing.
"""
CLEAN = {"man/thing.8": GOOD}
SEEDS = [
    Seed("an unknown macro", {"man/thing.8": GOOD + ".Zz x\n"},
         "ERROR: skipping unknown macro"),
    Seed("a list that does not end",
         {"man/thing.8": GOOD + ".Bl -tag -width x\n.It x\ny\n"},
         "ERROR: appending missing end of block"),
    Seed("no date", {"man/thing.8": GOOD.replace(".Dd January 1, 2026\n", "")},
         "WARNING: missing date"),
    Seed("a matter of style", {"man/thing.8": GOOD + ".Tn UNIX\n"},
         "STYLE: useless macro"),
    Seed("a dot that begins a name",
         {"man/thing.8": GOOD + ".Pa . Ns Ar name\n"},
         "man/thing.8:12: the dot ends a sentence"),
    Seed("no manual", {"man/thing.8": None}, "man/: no manual page"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
