# SPDX-License-Identifier: BSD-2-Clause
"""clang-format 14, for which .clang-format was written, would change nothing.

Other versions lay some things out in another way, so they are not asked.
"""

import re
import shutil
import subprocess
from pathlib import Path

from checking import Seed, Skip, main, sources

STYLE = Path(__file__).resolve().parents[2] / ".clang-format"
VERSION = 14


def clang_format():
    """The program, of the version that is meant."""
    for program in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(program):
            said = subprocess.run([program, "--version"], check=True,
                                  capture_output=True, text=True).stdout
            if re.search(rf"\bversion {VERSION}\.", said):
                return program
    raise Skip(f"there is no clang-format {VERSION} here")


def find(root):
    files = sources(root, directories=("lib", "fuse", "tools", "tests"))
    program = clang_format()
    result = subprocess.run(
        [program, f"--style=file:{STYLE}", "--dry-run", "--Werror",
         "--ferror-limit=0", *map(str, files)],
        cwd=root, capture_output=True, text=True, check=False)
    findings = [line for line in result.stderr.splitlines()
                if ": error: " in line]
    if result.returncode != 0 and not findings:
        findings = [f"{program}: {result.stderr.strip()}"]
    return findings


CLEAN = {
    "lib/good.c": "int f(int x)\n{\n\tif (x)\n\t\treturn 1;\n\treturn 0;\n}\n"
}
SEEDS = [
    Seed("spaces for a tab", {"lib/bad.c": "int f(void)\n{\n    return 1;\n}\n"},
         "lib/bad.c:2:"),
    Seed("a long line", {"tests/bad.c": "int " + "x, " * 40 + "y;\n"},
         "tests/bad.c:1:"),
]

if __name__ == "__main__":
    main(find, CLEAN, SEEDS)
