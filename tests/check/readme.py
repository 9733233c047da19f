# SPDX-License-Identifier: BSD-2-Clause
"""What README.md tells a reader to run, open or link to is there."""

import json
import os
import re

from checking import Seed, main


def presets(root):
    path = root / "CMakePresets.json"
    if not path.is_file():
        return set()
    return {preset["name"]
            for preset in json.loads(path.read_text())["configurePresets"]}


def find(root):
    text = (root / "README.md").read_text()
    findings = []
    for number, line in enumerate(text.splitlines(), start=1):
        place = f"README.md:{number}"
        for name in re.findall(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)", line):
            if not (root / name).exists():
                findings.append(f"{place}: links to {name}, "
                                "which is not there")
        # Not inside a longer path, nor one that the build makes.
        for name in re.findall(r"(?<![\w./-])((?:tests|\.ci|man|lib|fuse|tools|cmake)"
                               r"/[\w./*-]*[\w*])", line):
            if not list(root.glob(name)):
                findings.append(f"{place}: names {name}, which is not there")
        for name in re.findall(r"(?:^\s*|`|sudo )((?:tests|\.ci)/[\w-]+)(?=`| |$)",
                               line):
            path = root / name
            if path.is_file() and not os.access(path, os.X_OK):
                findings.append(f"{place}: {name} cannot be run")
        for name in re.findall(r"--preset[ =]([\w-]+)", line):
            if name not in presets(root):
                findings.append(f"{place}: there is no preset {name}")
    for command in ("tests/demo", "tests/run"):
        if command not in text:
            findings.append(f"README.md: does not tell of {command}")
    return findings


GOOD = """Run `tests/demo` and [read](man/thing.8#files), [web](https://e.org/).

    tests/run --quick
    cmake --preset dev
"""
CLEAN = {
    "README.md": GOOD,
    "CMakePresets.json": '{"configurePresets": [{"name": "dev"}]}\n',
    "man/thing.8": "",
    "tests/demo": "#!/bin/sh\n",
    "tests/run": "#!/bin/sh\n",
}
SEEDS = [
    Seed("a command that is not there", {"README.md": GOOD + "    tests/x\n"},
         "README.md:5: names tests/x, which is not there"),
    Seed("a command that cannot be run", {"tests/run": "x\n"},
         "README.md:3: tests/run cannot be run"),
    Seed("a link to nothing", {"README.md": GOOD + "[x](HELP.md)\n"},
         "README.md:5: links to HELP.md, which is not there"),
    Seed("an unknown preset",
         {"README.md": GOOD + "    cmake --preset deb\n"},
         "README.md:5: there is no preset deb"),
    Seed("a command left out",
         {"README.md": GOOD.replace("tests/demo", "tests")},
         "README.md: does not tell of tests/demo"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
