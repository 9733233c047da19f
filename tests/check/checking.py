# SPDX-License-Identifier: BSD-2-Clause
"""What the checks in this directory have in common.

A check is a module with a function find(root) that returns its findings, one
line each.  It runs in one of two ways:

    python3 CHECK.py ROOT        print the findings; fail if there are any
    python3 CHECK.py --control   prove that the check can fail: on a small
                                 clean tree it finds nothing, and each seeded
                                 fault makes it say what is wrong

One whose tool is not here raises Skip, and ends with the status SKIPPED.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

PROGRAM_DIRECTORIES = ("lib", "fuse", "tools")
SKIPPED = 77


class Skip(Exception):
    """The check cannot be made here; the text says why."""


def need(program):
    """The path of a program that the check takes."""
    path = shutil.which(program)
    if path is None:
        raise Skip(f"there is no {program} here")
    return path


class Seed:
    """A fault: files to write over the clean tree, and what must be said."""

    def __init__(self, name, files, expect):
        self.name = name
        self.files = files
        self.expect = expect


def write_tree(root, files):
    """Writes {path: text}; None removes, a text that begins '#!' can run."""
    for name, text in files.items():
        path = Path(root, name)
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def sources(root, suffixes=(".c", ".h"), directories=PROGRAM_DIRECTORIES):
    """Our source files, as paths relative to ROOT."""
    found = []
    for directory in directories:
        for path in Path(root, directory).rglob("*"):
            if path.suffix in suffixes and path.is_file():
                found.append(path.relative_to(root))
    return sorted(found)


def code_only(text):
    """TEXT of a C file, comments and the insides of literals blanked."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token[0] + token[0]
        return "\n" * token.count("\n") or " "

    return re.sub(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
        blank, text, flags=re.DOTALL)


def control(find, clean, seeds):
    """Returns what is wrong with the check itself."""
    faults = []
    with tempfile.TemporaryDirectory(prefix="pibootfs-control-") as root:
        write_tree(root, clean)
        for line in find(Path(root)):
            faults.append(f"the clean tree is blamed: {line}")
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="pibootfs-control-") as root:
            write_tree(root, clean)
            write_tree(root, seed.files)
            said = "\n".join(find(Path(root)))
        if seed.expect in said:
            print(f"caught: {seed.name}")
        else:
            faults.append(f"{seed.name}: expected '{seed.expect}', "
                          f"the check said '{said}'")
    if not seeds:
        faults.append("no seeded fault")
    return faults


def main(find, clean, seeds):
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT | --control")
    try:
        if sys.argv[1] == "--control":
            findings = control(find, clean, seeds)
        else:
            findings = find(Path(sys.argv[1]).resolve())
    except Skip as reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    for line in findings:
        print(line)
    sys.exit(1 if findings else 0)
